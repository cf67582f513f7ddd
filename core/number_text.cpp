#include "core/number_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace pare {
namespace {

std::string fixed(double number, int digits, const char* unit = "") {
  return fixed_text(number, digits) + unit;
}

}  // namespace

std::string fixed_text(double number, int digits) {
  std::array<char, 400> text{};  // the longest double has 309 digits
  const int length = std::snprintf(text.data(), text.size(), "%.*f", digits, number);
  return {text.data(), static_cast<std::size_t>(std::max(length, 0))};
}

std::string percent_points(double map) {
  return fixed(map * 100, 2);
}

std::string milliseconds(double ms) {
  return fixed(ms, ms >= 100 ? 0 : ms >= 10 ? 1 : 2);
}

std::string byte_size(double bytes) {
  constexpr double kKibi = 1024;
  if (bytes < kKibi) return fixed(bytes, 0, " B");
  if (bytes < kKibi * kKibi) return fixed(bytes / kKibi, 1, " KiB");
  if (bytes < kKibi * kKibi * kKibi) return fixed(bytes / kKibi / kKibi, 2, " MiB");
  return fixed(bytes / kKibi / kKibi / kKibi, 2, " GiB");
}

std::string count_text(double count) {
  if (count < 1e3) return fixed(count, 0);
  if (count < 1e6) return fixed(count / 1e3, 1, " k");
  if (count < 1e9) return fixed(count / 1e6, 2, " M");
  return fixed(count / 1e9, 2, " G");
}

std::string duration_text(double seconds) {
  constexpr long long kMinute = 60;
  constexpr long long kHour = 3600;
  const auto two = [](long long n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  const auto total = std::llround(std::max(0.0, seconds));
  if (total < kMinute) return std::to_string(total) + " s";
  if (total < kHour) {
    return std::to_string(total / kMinute) + " min " + two(total % kMinute) + " s";
  }
  return std::to_string(total / kHour) + " h " + two(total / kMinute % kMinute) + " min";
}

std::string short_sha(const std::string& sha) {
  constexpr std::size_t kShown = 10;
  return sha.substr(0, kShown);
}

}  // namespace pare
