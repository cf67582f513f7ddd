// Tensors in another element type.  Pure functions, any thread, linear.
#pragma once

#include <cstdint>

#include "engine/graph/tensor.h"

namespace pare::engine {

float half_to_float(std::uint16_t bits) noexcept;
// To the nearest, halves to even; beyond 65,504 it is infinite.
std::uint16_t float_to_half(float value) noexcept;

// The same numbers as far as the type has them: integers are rounded (halves to even) and clamped,
// float64 beyond float32 becomes its largest.  A tensor that has the type already is shared.
Tensor converted(const Tensor& tensor, DType to);

// True for float16, float32 and float64.
constexpr bool is_float(DType dtype) noexcept {
  return dtype == DType::kFloat16 || dtype == DType::kFloat32 || dtype == DType::kFloat64;
}

// float16 and float64 as float32; every other type as it is.
inline Tensor with_float32(const Tensor& tensor) {
  return is_float(tensor.dtype()) ? converted(tensor, DType::kFloat32) : tensor;
}

}  // namespace pare::engine
