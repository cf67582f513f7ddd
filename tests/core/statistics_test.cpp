#include "core/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace pare {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Statistics, the_median_of_an_even_count_is_the_mean_of_the_middle_two) {
  EXPECT_DOUBLE_EQ(median(std::vector<double>{4, 1, 3, 2}), 2.5);
  EXPECT_DOUBLE_EQ(median(std::vector<double>{9, 1, 5}), 5);
  EXPECT_DOUBLE_EQ(median(std::vector<double>{7}), 7);
}

ConfidenceInterval interval_of(const std::vector<double>& x, double alpha = 0.05) {
  return confidence_sequence(x, alpha).interval;
}

TEST(Statistics, the_sequence_is_infinite_below_five_observations_and_where_the_mixture_is_silent) {
  EXPECT_EQ(interval_of({1, 1.1, 0.9, 1}).high, kInfinity);
  EXPECT_TRUE(std::isfinite(interval_of({1, 1.1, 0.9, 1, 1.05}).high));
  EXPECT_EQ(interval_of({1, 1.1, 0.9, 1, 1.05}, 1e-6).low, -kInfinity);
}

TEST(Statistics, the_sequence_does_not_depend_on_place_or_scale) {
  const std::vector<double> x = {0.3, -1.2, 0.9, 0.1, -0.4, 2.0, 0.6};
  std::vector<double> moved;
  for (const double v : x) moved.push_back(100 + 3 * v);
  const SequenceLook of_x = confidence_sequence(x, 0.05);
  const SequenceLook of_moved = confidence_sequence(moved, 0.05);
  EXPECT_NEAR(of_moved.centre, 100 + 3 * of_x.centre, 1e-6);
  EXPECT_NEAR(of_moved.interval.low, 100 + 3 * of_x.interval.low, 1e-6);
  EXPECT_NEAR(of_moved.interval.high, 100 + 3 * of_x.interval.high, 1e-6);
}

TEST(Statistics, equal_observations_leave_no_doubt_and_an_exact_recursion_ends_nothing) {
  EXPECT_EQ(interval_of({2, 2, 2, 2, 2}), (ConfidenceInterval{2, 2}));
  const SequenceLook halving = confidence_sequence(std::vector<double>{16, 8, 4, 2, 1, 0.5}, 0.05);
  EXPECT_FALSE(std::isnan(halving.centre));
  EXPECT_LE(halving.interval.low, halving.interval.high);
}

// What a person pays for blocks that remember: the more they do, the wider the interval.
TEST(Statistics, observations_that_follow_their_neighbours_say_less) {
  std::mt19937 rng(11);
  std::normal_distribution<double> noise;
  std::vector<double> apart;
  std::vector<double> following;
  for (int i = 0; i < 60; ++i) {
    apart.push_back(noise(rng));
    following.push_back(i == 0 ? apart[0] : 0.6 * following.back() + 0.8 * apart.back());
  }
  const auto width = [](const ConfidenceInterval& interval) {
    return interval.high - interval.low;
  };
  EXPECT_GT(width(interval_of(following)), 1.5 * width(interval_of(apart)));
}

// The promise that a t-test does not make: the mean is inside at every n at once.
TEST(Statistics, the_sequence_covers_the_mean_at_every_n_in_95_of_100_runs) {
  constexpr int kRuns = 300;
  int escaped_sequence = 0;
  int escaped_fixed = 0;  // an ordinary 95 % interval looked at after every block
  for (int run = 0; run < kRuns; ++run) {
    std::mt19937 rng(static_cast<unsigned>(1000 + run));
    std::normal_distribution<double> noise(0.7, 0.2);
    std::vector<double> x;
    bool out = false;
    bool out_fixed = false;
    for (int n = 1; n <= 60; ++n) {
      x.push_back(noise(rng));
      const ConfidenceInterval interval = interval_of(x);
      out |= interval.low > 0.7 || interval.high < 0.7;
      double sum = 0;
      double squares = 0;
      for (const double v : x) sum += v;
      for (const double v : x) squares += (v - sum / n) * (v - sum / n);
      if (n >= 5) out_fixed |= std::abs(sum / n - 0.7) > 2.0 * std::sqrt(squares / (n - 1.0) / n);
    }
    escaped_sequence += out ? 1 : 0;
    escaped_fixed += out_fixed ? 1 : 0;
  }
  EXPECT_LE(escaped_sequence, kRuns * 5 / 100);
  EXPECT_GT(escaped_fixed, kRuns * 10 / 100) << "the run is too easy to tell the two apart";
}

TEST(Statistics, a_difference_of_three_spreads_is_found_within_60_blocks) {
  std::mt19937 rng(5);
  std::normal_distribution<double> noise(-0.3, 0.1);
  std::vector<double> x;
  for (int n = 0; n < 60; ++n) x.push_back(noise(rng));
  EXPECT_EQ(latency_verdict(interval_of(x), 0.03), LatencyVerdict::kFaster);
}

struct VerdictCase {
  ConfidenceInterval interval;
  LatencyVerdict verdict;
};

TEST(Statistics, latency_verdicts_follow_from_the_interval_and_the_margin) {
  const VerdictCase cases[] = {
      {{-0.20, -0.10}, LatencyVerdict::kFaster},
      {{-0.10, -0.01}, LatencyVerdict::kFaster},
      {{0.10, 0.20}, LatencyVerdict::kSlower},
      {{-0.02, 0.02}, LatencyVerdict::kEquivalent},
      {{0.01, 0.02}, LatencyVerdict::kEquivalent},
      {{-0.02, 0.05}, LatencyVerdict::kInconclusive},
      {{-kInfinity, kInfinity}, LatencyVerdict::kInconclusive},
  };
  for (const VerdictCase& c : cases) {
    EXPECT_EQ(latency_verdict(c.interval, 0.03), c.verdict) << c.interval.low;
  }
}

TEST(Statistics, better_means_faster_and_not_worse) {
  EXPECT_EQ(accuracy_verdict({-0.004, 0.01}, 0.005), AccuracyVerdict::kNotWorse);
  EXPECT_EQ(accuracy_verdict({-0.02, -0.006}, 0.005), AccuracyVerdict::kWorse);
  EXPECT_EQ(accuracy_verdict({-0.02, 0.01}, 0.005), AccuracyVerdict::kInconclusive);
  using L = LatencyVerdict;
  using A = AccuracyVerdict;
  EXPECT_EQ(overall_verdict(L::kFaster, A::kNotWorse), Verdict::kBetter);
  EXPECT_EQ(overall_verdict(L::kFaster, A::kWorse), Verdict::kNotBetter);
  EXPECT_EQ(overall_verdict(L::kFaster, A::kInconclusive), Verdict::kInconclusive);
  EXPECT_EQ(overall_verdict(L::kEquivalent, A::kNotWorse), Verdict::kNotBetter);
  EXPECT_EQ(overall_verdict(L::kInconclusive, A::kNotWorse), Verdict::kInconclusive);
}

}  // namespace
}  // namespace pare
