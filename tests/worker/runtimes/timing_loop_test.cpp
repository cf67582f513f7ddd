#include "worker/runtimes/frame/timing_loop.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>

namespace pare::worker {
namespace {

// A clock that moves only while a run goes on.
class FakeRuns {
 public:
  explicit FakeRuns(std::function<double(int)> cost_ms) : cost_ms_(std::move(cost_ms)) {}

  TimedRuns time(const TimingPolicy& policy) {
    return time_runs(
        policy, [&] { now_ += cost_ms_(runs_++); }, [&] { return now_; });
  }
  int runs() const { return runs_; }

 private:
  std::function<double(int)> cost_ms_;
  double now_ = 0;
  int runs_ = 0;
};

TEST(TimingLoop, warm_up_goes_on_until_times_settle_and_its_runs_are_no_samples) {
  FakeRuns runs([](int run) { return run < 40 ? 100.0 - run : 10.0; });
  const TimedRuns timed = runs.time({});
  EXPECT_TRUE(timed.stationary);
  EXPECT_GE(timed.warmup_runs, 40);
  for (const double sample : timed.samples_ms) EXPECT_DOUBLE_EQ(sample, 10.0);
}

TEST(TimingLoop, a_steady_model_stops_at_the_least_number_of_samples) {
  FakeRuns runs([](int) { return 5.0; });
  const TimedRuns timed = runs.time({.min_samples = 12});
  EXPECT_EQ(timed.samples_ms.size(), 12U);
  EXPECT_TRUE(timed.narrow);
  EXPECT_EQ(timed.warmup_runs, 16);
}

TEST(TimingLoop, a_noisy_model_is_sampled_until_the_interval_is_narrow) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> cost(8.0, 12.0);
  FakeRuns runs([&](int) { return cost(random); });
  const TimedRuns timed = runs.time({.tolerance = 1.0, .max_samples = 100'000, .max_seconds = 1e6});
  EXPECT_TRUE(timed.narrow);
  EXPECT_GT(timed.samples_ms.size(), 200U);
  EXPECT_LT(timed.samples_ms.size(), 5000U);
}

TEST(TimingLoop, times_that_never_settle_end_with_the_budgets) {
  FakeRuns runs([](int run) { return run % 2 == 0 ? 10.0 : 1000.0 + run; });
  const TimedRuns timed =
      runs.time({.window = 1, .warmup_max_seconds = 3, .max_samples = 1000, .max_seconds = 10});
  EXPECT_FALSE(timed.stationary);
  EXPECT_FALSE(timed.narrow);
  EXPECT_NEAR(static_cast<double>(timed.samples_ms.size()), 20, 3);
}

TEST(TimingLoop, a_model_slower_than_the_budget_still_gives_one_sample) {
  FakeRuns runs([](int) { return 60'000.0; });
  const TimedRuns timed = runs.time({});
  EXPECT_EQ(timed.warmup_runs, 1);
  EXPECT_EQ(timed.samples_ms.size(), 1U);
}

TEST(TimingLoop, equal_bounds_give_exactly_that_many_samples) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> cost(1.0, 12.0);
  FakeRuns runs([&](int) { return cost(random); });
  const TimedRuns timed =
      runs.time({.min_samples = 25, .max_samples = 25, .max_seconds = 1e6, .half_width = 0});
  EXPECT_EQ(timed.samples_ms.size(), 25U);
}

}  // namespace
}  // namespace pare::worker
