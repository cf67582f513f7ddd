#include "core/samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

namespace pare {
namespace {

TEST(Samples, ranks_of_the_interval_are_those_of_the_published_table) {
  // Hahn and Meeker, table A.16a, two-sided 95 %: order statistics counted from 1.
  EXPECT_EQ(median_interval_rank(6) + 1, 1U);
  EXPECT_EQ(median_interval_rank(10) + 1, 2U);
  EXPECT_EQ(median_interval_rank(20) + 1, 6U);
  EXPECT_EQ(median_interval_rank(50) + 1, 18U);
  EXPECT_EQ(median_interval_rank(100) + 1, 40U);
}

TEST(Samples, below_six_the_interval_is_the_whole_range) {
  const std::vector<double> samples{3, 1, 2};
  const Latency latency = summarize(samples);
  EXPECT_EQ(latency.low.count(), 1);
  EXPECT_EQ(latency.median.count(), 2);
  EXPECT_EQ(latency.high.count(), 3);
}

TEST(Samples, the_rank_of_many_samples_does_not_underflow) {
  // Normal approximation: n/2 - 0.98 sqrt(n).
  EXPECT_NEAR(static_cast<double>(median_interval_rank(10'000)), 5000 - 98, 2);
}

TEST(Samples, the_interval_covers_the_true_median_at_least_as_often_as_it_says) {
  std::mt19937 random(20260101);
  std::exponential_distribution<double> draw(1.0);  // median log 2, skewed as latencies are
  int covered = 0;
  for (int round = 0; round < 2000; ++round) {
    std::vector<double> samples(30);
    std::ranges::generate(samples, [&] { return draw(random); });
    const Latency latency = summarize(samples);
    covered += latency.low.count() <= std::log(2.0) && std::log(2.0) <= latency.high.count();
  }
  EXPECT_GE(covered, 1900);
  EXPECT_LE(covered, 1980);  // and it is not simply the whole range
}

TEST(Samples, a_percentile_without_enough_samples_is_not_reported) {
  std::vector<double> samples(63, 1.0);
  EXPECT_FALSE(p90(samples).has_value());
  samples.assign(100, 0.0);
  std::iota(samples.begin(), samples.end(), 1.0);
  EXPECT_EQ(p90(samples).value().count(), 90);
  EXPECT_FALSE(p99(samples).has_value());
}

}  // namespace
}  // namespace pare
