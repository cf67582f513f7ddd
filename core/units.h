// Units that are types, so that a millisecond is never added to a byte.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace pare {

using Millis = std::chrono::duration<double, std::milli>;

// A moment in UTC, as exact as PostgreSQL keeps it.
using TimePoint = std::chrono::sys_time<std::chrono::microseconds>;

struct Bytes {
  std::int64_t count = 0;
  friend constexpr auto operator<=>(Bytes, Bytes) noexcept = default;
};

}  // namespace pare
