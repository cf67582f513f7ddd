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

TEST(Statistics, the_autocorrelation_of_an_alternating_series_is_near_minus_one) {
  std::vector<double> x;
  for (int i = 0; i < 200; ++i) x.push_back(i % 2 == 0 ? 1 : -1);
  EXPECT_NEAR(lag1_autocorrelation(x), -1, 0.01);
  EXPECT_EQ(lag1_autocorrelation(std::vector<double>{3, 3, 3, 3}), 0);
}

TEST(Statistics, correlated_blocks_are_merged_and_independent_ones_are_left_alone) {
  std::vector<double> slow;
  for (int i = 0; i < 64; ++i) slow.push_back(std::sin(i * 0.1));
  EXPECT_LT(merge_correlated(slow, 5).size(), 33U);
  EXPECT_GE(merge_correlated(slow, 5).size(), 5U);

  std::mt19937 rng(11);
  std::normal_distribution<double> noise;
  std::vector<double> fast;
  for (int i = 0; i < 64; ++i) fast.push_back(noise(rng));
  EXPECT_EQ(merge_correlated(fast, 5), fast);
}

TEST(Statistics, the_sequence_is_infinite_below_five_observations_and_where_the_mixture_is_silent) {
  const std::vector<double> four = {1, 1.1, 0.9, 1};
  EXPECT_EQ(confidence_sequence(four, 0.05).high, kInfinity);
  // Five observations at alpha 0.05: R = (sqrt(6)/0.05)^(2/5) = 4.74 < 6: finite.
  const std::vector<double> five = {1, 1.1, 0.9, 1, 1.05};
  EXPECT_TRUE(std::isfinite(confidence_sequence(five, 0.05).high));
  // At alpha 0.005, R = 11.9 >= 6.
  EXPECT_EQ(confidence_sequence(five, 0.005).low, -kInfinity);
}

TEST(Statistics, the_sequence_has_the_width_that_the_formula_gives) {
  // n = 5, mean 0, s = sqrt(2.5); R = (sqrt(6)/0.05)^0.4, u = (R-1)/(1-R/6), half = s sqrt(4u/5).
  const std::vector<double> x = {-2, -1, 0, 1, 2};
  const double r = std::pow(std::sqrt(6.0) / 0.05, 0.4);
  const double half = std::sqrt(2.5) * std::sqrt(4 * (r - 1) / (1 - r / 6) / 5);
  const ConfidenceInterval interval = confidence_sequence(x, 0.05);
  EXPECT_NEAR(interval.low, -half, 1e-12);
  EXPECT_NEAR(interval.high, half, 1e-12);
}

// The promise that a t-test does not make: the mean is inside at every n at once.
TEST(Statistics, the_sequence_covers_the_mean_at_every_n_in_95_of_100_runs) {
  constexpr int kRuns = 600;
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
      const ConfidenceInterval interval = confidence_sequence(x, 0.05);
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
  EXPECT_EQ(latency_verdict(confidence_sequence(x, 0.05), 0.03), LatencyVerdict::kFaster);
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
