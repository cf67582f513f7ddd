#include "engine/train/graph/torch_tensor.h"

#include <cstring>
#include <span>

namespace pare::engine {

torch::ScalarType torch_type(DType dtype) {
  switch (dtype) {
    case DType::kFloat32: return torch::kFloat32;
    case DType::kFloat64: return torch::kFloat64;
    case DType::kFloat16: return torch::kFloat16;
    case DType::kInt8: return torch::kInt8;
    case DType::kUint8: return torch::kUInt8;
    case DType::kInt16: return torch::kInt16;
    case DType::kUint16: return torch::kInt32;  // torch 1.13 has none; REQUIRES excludes it
    case DType::kInt32: return torch::kInt32;
    case DType::kInt64: return torch::kInt64;
    case DType::kBool: return torch::kBool;
  }
  return torch::kFloat32;
}

torch::Tensor to_torch(const Tensor& tensor) {
  torch::Tensor out = torch::empty(tensor.shape(), torch_type(tensor.dtype()));
  if (!tensor.bytes().empty()) {
    std::memcpy(out.data_ptr(), tensor.bytes().data(), tensor.bytes().size());
  }
  return out;
}

Tensor from_torch(const torch::Tensor& value) {
  const torch::Tensor flat = value.detach().to(torch::kCPU, torch::kFloat32).contiguous();
  const Shape shape(flat.sizes().begin(), flat.sizes().end());
  return Tensor::of<float>(shape, std::span<const float>(flat.data_ptr<float>(),
                                                         static_cast<std::size_t>(flat.numel())));
}

}  // namespace pare::engine
