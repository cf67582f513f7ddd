// The graph's tensors as torch's and back.
#pragma once

#include <torch/torch.h>

#include "engine/graph/tensor.h"

namespace pare::engine {

// REQUIRES: not uint16, as below.
torch::ScalarType torch_type(DType dtype);

// A copy.  REQUIRES: not uint16, which torch 1.13 does not have.
torch::Tensor to_torch(const Tensor& tensor);

// A copy as float32, from any device.
Tensor from_torch(const torch::Tensor& value);

}  // namespace pare::engine
