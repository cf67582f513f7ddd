// A dense tensor in row-major order, owning its bytes.  Copies share the bytes, which never change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/check.h"

namespace pare::engine {

using Shape = std::vector<std::int64_t>;

enum class DType : std::uint8_t {
  kFloat32,
  kFloat64,
  kFloat16,
  kInt8,
  kUint8,
  kInt16,
  kUint16,
  kInt32,
  kInt64,
  kBool,
};

std::size_t size_of(DType dtype) noexcept;
std::string_view name_of(DType dtype) noexcept;  // "float32", "int8", ...

template <typename T>
constexpr DType dtype_of();
template <>
constexpr DType dtype_of<float>() {
  return DType::kFloat32;
}
template <>
constexpr DType dtype_of<double>() {
  return DType::kFloat64;
}
template <>
constexpr DType dtype_of<std::int8_t>() {
  return DType::kInt8;
}
template <>
constexpr DType dtype_of<std::uint8_t>() {
  return DType::kUint8;
}
template <>
constexpr DType dtype_of<std::int16_t>() {
  return DType::kInt16;
}
template <>
constexpr DType dtype_of<std::uint16_t>() {
  return DType::kUint16;
}
template <>
constexpr DType dtype_of<std::int32_t>() {
  return DType::kInt32;
}
template <>
constexpr DType dtype_of<std::int64_t>() {
  return DType::kInt64;
}
template <>
constexpr DType dtype_of<bool>() {
  return DType::kBool;
}

// 1 for a scalar (an empty shape).
// REQUIRES: no negative dimension, and a product below 2^63 (the importer refuses other shapes).
std::int64_t element_count(std::span<const std::int64_t> shape) noexcept;

std::string to_string(std::span<const std::int64_t> shape);  // "1x3x640x640", "scalar"

class Tensor {
 public:
  Tensor() = default;
  // REQUIRES: bytes.size() == element_count(shape) * size_of(dtype).
  Tensor(DType dtype, Shape shape, std::vector<std::byte> bytes);

  template <typename T>
  static Tensor of(Shape shape, std::span<const T> values) {
    std::vector<std::byte> bytes(values.size_bytes());
    if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
    return Tensor(dtype_of<T>(), std::move(shape), std::move(bytes));
  }

  DType dtype() const noexcept { return dtype_; }
  const Shape& shape() const noexcept { return shape_; }
  std::int64_t size() const noexcept { return element_count(shape_); }
  std::span<const std::byte> bytes() const noexcept;

  // Same type, shape and bytes; NaNs of equal bits are equal.
  friend bool operator==(const Tensor& a, const Tensor& b) noexcept;

  // REQUIRES: the tensor holds T.
  template <typename T>
  std::span<const T> values() const {
    PARE_CHECK(dtype_of<T>() == dtype_, "tensor read as another type");
    return {reinterpret_cast<const T*>(bytes().data()), static_cast<std::size_t>(size())};
  }

 private:
  DType dtype_ = DType::kFloat32;
  Shape shape_ = {0};
  std::shared_ptr<const std::vector<std::byte>> bytes_;  // shared by the copies of this tensor
};

}  // namespace pare::engine
