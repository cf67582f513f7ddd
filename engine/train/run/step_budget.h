// How many steps a budget of minutes is, once some were timed: equal runs need equal steps.
//
// By the middle one: where the process stood still, or the machine was busy for a moment, one of
// them took long.  Looks at the images held out take their part of the minutes.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace pare::engine {

class StepBudget {
 public:
  // `looks`: at the images held out, each as long as `look_seconds`.
  StepBudget(double minutes, std::int64_t looks, double look_seconds)
      : seconds_(minutes * 60), looking_(static_cast<double>(looks) * look_seconds) {}

  // `step` of them are done, the last in so many seconds.  nullopt: not enough are known.
  std::optional<std::int64_t> after(std::int64_t step, double step_seconds);

 private:
  double seconds_, looking_;
  std::vector<double> timed_;
  double timed_seconds_ = 0;  // of all of them
};

}  // namespace pare::engine
