#include "engine/graph/convert.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace pare::engine {
namespace {

template <typename T>
std::vector<double> numbers(const Tensor& tensor) {
  std::vector<T> values(static_cast<std::size_t>(tensor.size()));
  if (!values.empty()) std::memcpy(values.data(), tensor.bytes().data(), tensor.bytes().size());
  return {values.begin(), values.end()};
}

std::vector<double> half_numbers(const Tensor& tensor) {
  std::vector<double> wide = numbers<std::uint16_t>(tensor);
  for (double& value : wide) value = half_to_float(static_cast<std::uint16_t>(value));
  return wide;
}

std::vector<double> numbers(const Tensor& tensor) {
  switch (tensor.dtype()) {
    case DType::kFloat32: return numbers<float>(tensor);
    case DType::kFloat64: return numbers<double>(tensor);
    case DType::kFloat16: return half_numbers(tensor);
    case DType::kInt8: return numbers<std::int8_t>(tensor);
    case DType::kUint8: return numbers<std::uint8_t>(tensor);
    case DType::kInt16: return numbers<std::int16_t>(tensor);
    case DType::kUint16: return numbers<std::uint16_t>(tensor);
    case DType::kInt32: return numbers<std::int32_t>(tensor);
    case DType::kInt64: return numbers<std::int64_t>(tensor);
    case DType::kBool: return numbers<std::uint8_t>(tensor);
  }
  return {};
}

template <typename T, typename Convert>
std::vector<std::byte> packed(const std::vector<double>& values, Convert convert) {
  std::vector<std::byte> bytes(values.size() * sizeof(T));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const T one = convert(values[i]);
    std::memcpy(bytes.data() + i * sizeof(T), &one, sizeof(T));
  }
  return bytes;
}

// The cast of a finite number within the limits is defined; what is none becomes 0.
template <typename T>
std::vector<std::byte> integers(const std::vector<double>& values) {
  return packed<T>(values, [](double value) {
    if (std::isnan(value)) return T{0};
    const double whole = std::nearbyint(value);
    if (whole <= static_cast<double>(std::numeric_limits<T>::min())) {
      return std::numeric_limits<T>::min();
    }
    if (whole >= static_cast<double>(std::numeric_limits<T>::max())) {
      return std::numeric_limits<T>::max();
    }
    return static_cast<T>(whole);
  });
}

float narrowed(double value) {
  constexpr double kMost = std::numeric_limits<float>::max();
  if (!std::isfinite(value)) return static_cast<float>(value);
  return static_cast<float>(std::clamp(value, -kMost, kMost));
}

std::vector<std::byte> packed(const std::vector<double>& values, DType to) {
  switch (to) {
    case DType::kFloat32: return packed<float>(values, narrowed);
    case DType::kFloat64: return packed<double>(values, [](double v) { return v; });
    case DType::kFloat16:
      return packed<std::uint16_t>(values, [](double v) { return float_to_half(narrowed(v)); });
    case DType::kInt8: return integers<std::int8_t>(values);
    case DType::kUint8: return integers<std::uint8_t>(values);
    case DType::kInt16: return integers<std::int16_t>(values);
    case DType::kUint16: return integers<std::uint16_t>(values);
    case DType::kInt32: return integers<std::int32_t>(values);
    case DType::kInt64: return integers<std::int64_t>(values);
    case DType::kBool:
      return packed<std::uint8_t>(values, [](double v) { return std::uint8_t{v != 0}; });
  }
  return {};
}

}  // namespace

float half_to_float(std::uint16_t bits) noexcept {
  const float sign = (bits & 0x8000U) != 0 ? -1.0F : 1.0F;
  const int exponent = (bits >> 10U) & 0x1F;
  const auto fraction = static_cast<float>(bits & 0x3FFU);
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  if (exponent == 31) {
    return fraction == 0 ? sign * std::numeric_limits<float>::infinity()
                         : std::numeric_limits<float>::quiet_NaN();
  }
  return sign * std::ldexp(fraction + 1024.0F, exponent - 25);
}

std::uint16_t float_to_half(float value) noexcept {
  const std::uint16_t sign = std::signbit(value) ? 0x8000U : 0U;
  if (std::isnan(value)) return static_cast<std::uint16_t>(sign | 0x7E00U);
  const float size = std::abs(value);
  if (size >= 65520.0F) return static_cast<std::uint16_t>(sign | 0x7C00U);
  if (size == 0) return sign;
  int exponent = 0;
  std::frexp(size, &exponent);  // size = f * 2^exponent, f in [0.5, 1)
  // The distance of halves at this size: 2^(exponent - 11), never below 2^-24.
  const int step = std::max(exponent - 11, -24);
  const auto steps = static_cast<unsigned>(std::nearbyint(std::ldexp(size, -step)));
  // `steps` counts from 0 below 1024 (subnormal), and carries into the exponent by itself.
  const unsigned biased = step == -24 ? steps : static_cast<unsigned>(step + 24) * 1024U + steps;
  return static_cast<std::uint16_t>(sign | biased);
}

Tensor converted(const Tensor& tensor, DType to) {
  if (tensor.dtype() == to) return tensor;
  return Tensor(to, tensor.shape(), packed(numbers(tensor), to));
}

}  // namespace pare::engine
