// Which input of a layer with weights (Conv, ConvTranspose, Gemm, MatMul) is which.
#pragma once

#include <cstddef>

namespace pare::engine {

inline constexpr std::size_t kWeightInput = 1;
inline constexpr std::size_t kBiasInput = 2;  // may be absent

}  // namespace pare::engine
