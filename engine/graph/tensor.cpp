#include "engine/graph/tensor.h"

#include <algorithm>

namespace pare::engine {

std::size_t size_of(DType dtype) noexcept {
  switch (dtype) {
    case DType::kInt8:
    case DType::kUint8:
    case DType::kBool: return 1;
    case DType::kFloat16:
    case DType::kInt16:
    case DType::kUint16: return 2;
    case DType::kFloat32:
    case DType::kInt32: return 4;
    case DType::kFloat64:
    case DType::kInt64: return 8;
  }
  return 0;  // unreachable: no default above, so a new type is a compiler warning here
}

std::string_view name_of(DType dtype) noexcept {
  switch (dtype) {
    case DType::kFloat32: return "float32";
    case DType::kFloat64: return "float64";
    case DType::kFloat16: return "float16";
    case DType::kInt8: return "int8";
    case DType::kUint8: return "uint8";
    case DType::kInt16: return "int16";
    case DType::kUint16: return "uint16";
    case DType::kInt32: return "int32";
    case DType::kInt64: return "int64";
    case DType::kBool: return "bool";
  }
  return "";
}

std::int64_t element_count(std::span<const std::int64_t> shape) noexcept {
  std::int64_t count = 1;
  for (const std::int64_t dimension : shape) count *= dimension;
  return count;
}

std::string to_string(std::span<const std::int64_t> shape) {
  if (shape.empty()) return "scalar";
  std::string text;
  for (const std::int64_t dimension : shape) {
    if (!text.empty()) text += 'x';
    text += std::to_string(dimension);
  }
  return text;
}

Tensor::Tensor(DType dtype, Shape shape, std::vector<std::byte> bytes)
    : dtype_(dtype),
      shape_(std::move(shape)),
      bytes_(std::make_shared<const std::vector<std::byte>>(std::move(bytes))) {
  PARE_CHECK(bytes_->size() == static_cast<std::size_t>(size()) * size_of(dtype_),
             "a tensor's bytes do not fit its shape");
}

std::span<const std::byte> Tensor::bytes() const noexcept {
  return bytes_ ? std::span<const std::byte>(*bytes_) : std::span<const std::byte>();
}

bool operator==(const Tensor& a, const Tensor& b) noexcept {
  return a.dtype_ == b.dtype_ && a.shape_ == b.shape_ &&
         (a.bytes_ == b.bytes_ || std::ranges::equal(a.bytes(), b.bytes()));
}

}  // namespace pare::engine
