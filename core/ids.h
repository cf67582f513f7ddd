// Identifiers that cannot be mixed up: passing a TaskId where a TrialId is wanted does not compile.
#pragma once

#include <compare>
#include <cstdint>

namespace pare {

template <typename Tag>
struct Id {
  std::int64_t value = 0;
  friend constexpr auto operator<=>(Id, Id) noexcept = default;
};

using ComparisonId = Id<struct ComparisonTag>;
using JobId = Id<struct JobTag>;
using TaskId = Id<struct TaskTag>;
using TrialId = Id<struct TrialTag>;

}  // namespace pare
