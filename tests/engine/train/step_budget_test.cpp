#include "engine/train/run/step_budget.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace pare::engine {
namespace {

// What comes out behind steps of so many seconds, with the number of the step.
std::pair<std::int64_t, std::int64_t> steps_of(StepBudget budget,
                                               const std::vector<double>& seconds) {
  for (std::size_t i = 0; i < seconds.size(); ++i) {
    const auto steps = budget.after(static_cast<std::int64_t>(i) + 1, seconds[i]);
    if (steps) return {*steps, static_cast<std::int64_t>(i) + 1};
  }
  return {0, 0};
}

TEST(StepBudget, minutes_less_the_looks_are_steps_after_twenty_were_timed) {
  EXPECT_EQ(steps_of({60, 10, 6}, std::vector<double>(30, 1)), std::pair(3540L, 20L));
}

TEST(StepBudget, a_step_that_stood_still_counts_as_the_others) {
  std::vector<double> seconds(30, 1);
  seconds[7] = 800;
  EXPECT_EQ(steps_of({60, 0, 0}, seconds), std::pair(3600L, 20L));
}

TEST(StepBudget, a_quarter_of_the_time_is_spent_on_timing_at_most) {
  EXPECT_EQ(steps_of({1, 0, 0}, std::vector<double>(30, 6)), std::pair(10L, 3L));
}

TEST(StepBudget, looks_leave_half_of_the_time_and_there_is_one_step_more_at_least) {
  EXPECT_EQ(steps_of({60, 100, 60}, std::vector<double>(30, 1)), std::pair(1800L, 20L));
  EXPECT_EQ(steps_of({1, 0, 0}, std::vector<double>(30, 100)), std::pair(4L, 3L));
}

}  // namespace
}  // namespace pare::engine
