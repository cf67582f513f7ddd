// What the torch forms of operators share.  Inside engine/train/graph only.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/train/graph/torch_ops.h"

namespace pare::engine {

using Ints = std::vector<std::int64_t>;
using Out = std::vector<torch::Tensor>;

inline bool has(const TorchCall& c, std::size_t i) {
  return i < c.inputs.size() && c.inputs[i].defined();
}

inline torch::Tensor optional_input(const TorchCall& c, std::size_t i) {
  return has(c, i) ? c.inputs[i] : torch::Tensor();
}

inline Ints ints_of(const torch::Tensor& t) {
  const torch::Tensor flat = t.to(torch::kCPU, torch::kInt64).contiguous().view({-1});
  return {flat.data_ptr<std::int64_t>(), flat.data_ptr<std::int64_t>() + flat.numel()};
}

// ONNX moved many attributes to inputs over the opsets: whichever is there.
inline Ints ints_of(const TorchCall& c, std::size_t input, const char* attribute) {
  return has(c, input) ? ints_of(c.inputs[input]) : ints_attribute(c.node, attribute, {});
}

// Operators that slide a window, or make another size (torch_windows.cpp).
Out conv(const TorchCall& c);
Out max_pool(const TorchCall& c);
Out average_pool(const TorchCall& c);
Out resize(const TorchCall& c);

}  // namespace pare::engine
