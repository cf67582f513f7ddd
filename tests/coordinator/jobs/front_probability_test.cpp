#include "coordinator/jobs/front_probability.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/coordinator/jobs/made_records.h"

namespace pare::coordinator {
namespace {

// A trial of this mAP, resampled to mAP + shifts[i], of this latency with an interval of +- spread.
Uncertain trial(int number, double map, double latency_ms, double spread,
                const std::vector<double>& shifts) {
  Trial trial;
  trial.number = number;
  TargetRecord record;
  record.accuracy = scored(map, 64);
  for (const double shift : shifts) record.accuracy->draws.push_back(map + shift);
  record.latency = timed(latency_ms, spread);
  return uncertain_of(NewJob{}, trial, record);
}

// Images that are as hard for everybody: the same shift in all trials, from -0.1 to 0.1.
std::vector<double> same_images() {
  std::vector<double> shifts;
  for (std::size_t i = 0; i < kDraws; ++i) {
    shifts.push_back(0.2 * static_cast<double>(i) / (kDraws - 1) - 0.1);
  }
  return shifts;
}

TEST(FrontProbability, what_is_far_from_all_others_is_sure) {
  const Uncertain all[] = {trial(1, 0.40, 20, 0.02, same_images()),
                           trial(2, 0.30, 10, 0.02, same_images()),
                           trial(3, 0.25, 20, 0.02, same_images())};
  EXPECT_EQ(probability_on_front(all, 0), 1);
  EXPECT_EQ(probability_on_front(all, 1), 1);
  EXPECT_EQ(probability_on_front(all, 2), 0);
}

TEST(FrontProbability, hardness_that_two_trials_share_cancels) {
  const Uncertain all[] = {trial(1, 0.31, 9, 0, same_images()),
                           trial(30, 0.30, 10, 0, same_images())};
  EXPECT_EQ(probability_on_front(all, 1), 0) << "a tenth of the spread apart, but in every draw";
}

TEST(FrontProbability, latencies_within_their_intervals_leave_it_open) {
  for (int number = 2; number < 30; ++number) {
    const Uncertain all[] = {trial(1, 0.30, 10.0, 0.05, {}), trial(number, 0.29, 9.9, 0.05, {})};
    // log(10 / 9.9) against a deviation of about 0.0255 * sqrt 2: a normal's .61
    EXPECT_NEAR(probability_on_front(all, 1), 0.61, 0.2) << number;
    EXPECT_EQ(probability_on_front(all, 0), 1) << "it is the more accurate in any case";
  }
}

TEST(FrontProbability, two_runs_of_a_quiet_machine_differ_all_the_same) {
  const Uncertain all[] = {trial(1, 0.30, 10.0, 0, {}), trial(2, 0.29, 9.999, 0, {})};
  EXPECT_NEAR(probability_on_front(all, 1), 0.5, 0.2);
}

}  // namespace
}  // namespace pare::coordinator
