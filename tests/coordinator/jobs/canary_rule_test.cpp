#include "coordinator/jobs/canary_rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pare::coordinator {
namespace {

using testing::HasSubstr;

MeasuredLatency measured(double median_ms, double before_ms, double after_ms,
                         std::string device = "d") {
  MeasuredLatency out;
  out.device_id = std::move(device);
  out.result.median = Millis(median_ms);
  out.result.canary = CanaryPair{before_ms, after_ms};
  return out;
}

std::vector<CanaryReading> readings(std::vector<double> values, const std::string& device = "d") {
  std::vector<CanaryReading> out;
  for (const double value : values) out.push_back({device, value});
  return out;
}

TEST(ChooseLatency, a_steady_canary_at_the_reference_is_believed) {
  const auto choice = choose_latency({measured(5, 2.0, 2.02)}, readings({2.0, 2.0, 2.01}), false);
  EXPECT_FALSE(choice.again);
  EXPECT_EQ(choice.suspect, "");
}

TEST(ChooseLatency,
     a_canary_that_drifts_3_percent_to_either_side_has_the_candidate_measured_again) {
  EXPECT_FALSE(choose_latency({measured(5, 2.0, 2.11)}, readings({2.055}), false).again);
  EXPECT_TRUE(choose_latency({measured(5, 2.0, 2.13)}, readings({2.065}), false).again);
  EXPECT_TRUE(choose_latency({measured(5, 2.0, 1.87)}, readings({1.935}), false).again);
}

TEST(ChooseLatency, a_canary_3_percent_off_the_median_of_the_job_is_doubtful_in_both_directions) {
  const auto history = readings({2.0, 2.0, 2.0, 9.0});
  EXPECT_TRUE(choose_latency({measured(5, 2.1, 2.1)}, history, false).again);
  EXPECT_TRUE(choose_latency({measured(5, 1.9, 1.9)}, history, false).again);
  EXPECT_FALSE(choose_latency({measured(5, 2.05, 2.05)}, history, false).again);
}

TEST(ChooseLatency,
     where_the_canary_itself_is_restless_more_is_allowed_but_never_beyond_10_percent) {
  const auto restless = readings({1.92, 2.08, 1.95, 2.05, 2.0, 1.96, 2.04});  // MAD 2 %: 8.9 %
  EXPECT_FALSE(choose_latency({measured(5, 2.16, 2.16)}, restless, false).again);
  EXPECT_FALSE(choose_latency({measured(5, 1.96, 2.12)}, restless, false).again);
  EXPECT_TRUE(choose_latency({measured(5, 2.2, 2.2)}, restless, false).again);
  const auto wild = readings({1.0, 3.0, 1.2, 2.8, 2.0, 1.5, 2.5});
  EXPECT_FALSE(choose_latency({measured(5, 2.19, 2.19)}, wild, false).again);
  EXPECT_TRUE(choose_latency({measured(5, 2.21, 2.21)}, wild, false).again);
}

TEST(ChooseLatency, a_few_readings_do_not_say_how_restless_the_canary_is) {
  EXPECT_TRUE(
      choose_latency({measured(5, 2.1, 2.1)}, readings({1.9, 2.1, 1.95, 2.05, 2.0}), false).again);
}

TEST(ChooseLatency, each_device_has_a_reference_of_its_own) {
  auto history = readings({2.0, 2.0, 2.0}, "slow");
  for (const CanaryReading& reading : readings({1.0, 1.0}, "fast")) history.push_back(reading);
  EXPECT_FALSE(choose_latency({measured(5, 1.0, 1.0, "fast")}, history, false).again);
  EXPECT_TRUE(choose_latency({measured(5, 1.0, 1.0, "slow")}, history, false).again);
}

TEST(ChooseLatency, the_fastest_of_those_that_agree_is_kept) {
  const auto history = readings({2.0, 2.0, 2.0});
  const auto choice = choose_latency(
      {measured(4, 2.5, 2.5), measured(6, 2.0, 2.0), measured(5, 2.01, 2.0)}, history, false);
  EXPECT_FALSE(choice.again);
  EXPECT_EQ(choice.kept, 2U);
  EXPECT_EQ(choice.suspect, "");
}

TEST(ChooseLatency, after_three_the_closest_is_accepted_and_marked_with_what_was_seen) {
  const auto history = readings({2.0, 2.0, 2.0, 2.0});
  const std::vector<MeasuredLatency> all = {measured(5, 2.4, 2.4), measured(6, 2.1, 2.1),
                                            measured(4, 2.0, 2.3)};
  EXPECT_TRUE(choose_latency({all[0], all[1]}, history, false).again);
  const auto choice = choose_latency(all, history, false);
  EXPECT_FALSE(choice.again);
  EXPECT_EQ(choice.kept, 1U);
  EXPECT_EQ(choice.suspect, "the canary was 5.0 % slower than usual in this job");
  const auto drifted = choose_latency({measured(4, 2.0, 2.3)}, history, true);
  EXPECT_THAT(drifted.suspect, HasSubstr("became 15.0 % slower while it was measured"));
}

// A device that was at 2.0 and is at 2.25 since three measurements.
std::vector<CanaryReading> readings_of_a_device_that_moved() {
  return readings({2.0, 2.01, 1.99, 2.0, 2.0, 2.01, 2.26, 2.25, 2.24});
}

TEST(ChooseLatency, where_the_device_has_moved_to_another_speed_nothing_is_gained_by_repeating) {
  const auto moved = readings_of_a_device_that_moved();
  const auto choice = choose_latency({measured(5, 2.25, 2.25)}, moved, false);
  EXPECT_FALSE(choice.again);
  EXPECT_TRUE(choice.moved);
  EXPECT_EQ(choice.suspect, "the canary was 11.9 % slower than usual in this job");
  const auto back = choose_latency({measured(5, 2.0, 2.01)}, moved, false);
  EXPECT_FALSE(back.again);
  EXPECT_FALSE(back.moved);
  EXPECT_EQ(back.suspect, "");
}

TEST(ChooseLatency, the_fastest_at_the_speed_that_the_device_has_moved_to_is_kept) {
  const auto choice = choose_latency({measured(4, 2.5, 2.0), measured(6, 2.25, 2.25),
                                      measured(5, 2.24, 2.25), measured(3, 2.5, 2.5)},
                                     readings_of_a_device_that_moved(), false);
  EXPECT_EQ(choice.kept, 2U);
  EXPECT_TRUE(choice.moved);
}

TEST(ChooseLatency, what_agrees_with_neither_speed_is_measured_again) {
  const auto moved = readings_of_a_device_that_moved();
  EXPECT_TRUE(choose_latency({measured(5, 2.1, 2.4)}, moved, false).again);
  EXPECT_TRUE(choose_latency({measured(5, 2.5, 2.5)}, moved, false).again);
  EXPECT_TRUE(choose_latency({measured(5, 2.12, 2.12)}, moved, false).again);
}

TEST(ChooseLatency, a_device_that_is_restless_or_new_has_not_moved) {
  const MeasuredLatency off = measured(5, 2.25, 2.25);
  const auto restless = readings({2.0, 2.01, 1.99, 2.0, 2.0, 2.01, 2.25, 2.0, 2.25});
  EXPECT_TRUE(choose_latency({off}, restless, false).again);
  EXPECT_TRUE(choose_latency({off}, readings({2.0, 2.0, 2.25, 2.25, 2.25}), false).moved == false);
  auto elsewhere = readings({2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0});
  for (const CanaryReading& reading : readings({2.25, 2.25, 2.25}, "another")) {
    elsewhere.push_back(reading);
  }
  EXPECT_TRUE(choose_latency({off}, elsewhere, false).again);
}

TEST(ChooseLatency, a_measurement_without_a_canary_is_taken_as_it_is) {
  MeasuredLatency bare;
  bare.result.median = Millis(5);
  const auto choice = choose_latency({bare}, readings({2.0}), false);
  EXPECT_FALSE(choice.again);
  EXPECT_EQ(choice.suspect, "");
}

}  // namespace
}  // namespace pare::coordinator
