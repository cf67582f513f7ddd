// What a network's numbers are while it computes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pare {

enum class Precision : std::uint8_t { kFp32, kInt8, kFp16, kBf16 };

inline constexpr std::array kAllPrecisions = {Precision::kFp32, Precision::kInt8, Precision::kFp16,
                                              Precision::kBf16};

// Those that a plan's floating-point numbers may have.
inline constexpr std::array kFloatPrecisions = {Precision::kFp32, Precision::kFp16,
                                                Precision::kBf16};

constexpr std::string_view name_of(Precision precision) noexcept {
  switch (precision) {
    case Precision::kFp32: return "fp32";
    case Precision::kInt8: return "int8";
    case Precision::kFp16: return "fp16";
    case Precision::kBf16: return "bf16";
  }
  return "";
}

// nullopt: no such precision.
constexpr std::optional<Precision> precision_of(std::string_view name) noexcept {
  for (const Precision precision : kAllPrecisions) {
    if (name_of(precision) == name) return precision;
  }
  return std::nullopt;
}

}  // namespace pare
