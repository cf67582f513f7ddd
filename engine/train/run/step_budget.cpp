#include "engine/train/run/step_budget.h"

#include <algorithm>

namespace pare::engine {
namespace {

// Fewer where a quarter of the budget is over.
constexpr std::ptrdiff_t kTimedSteps = 20, kFewestTimed = 3;

}  // namespace

std::optional<std::int64_t> StepBudget::after(std::int64_t step, double step_seconds) {
  timed_.push_back(step_seconds);
  timed_seconds_ += step_seconds;
  const bool enough = std::ssize(timed_) == kTimedSteps ||
                      (std::ssize(timed_) >= kFewestTimed && timed_seconds_ > seconds_ / 4);
  if (!enough) return std::nullopt;
  const auto middle = timed_.begin() + std::ssize(timed_) / 2;
  std::ranges::nth_element(timed_, middle);
  const double left = std::max(seconds_ / 2, seconds_ - looking_);
  return std::max(step + 1, static_cast<std::int64_t>(left / *middle));
}

}  // namespace pare::engine
