#include "engine/pipeline/comparison.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/simulation/ab_experiments.h"

namespace pare::engine {
namespace {

// 400 experiments of which 95 % hold miss 20, give or take 4.4: 32 is two and three quarters above.
constexpr int kExperiments = 400;
constexpr double kLeast = 0.92;

TEST(Comparison, its_interval_holds_at_every_look_though_blocks_remember_the_one_before) {
  for (const double correlation : {0.0, 0.3, 0.6}) {
    const auto found = simulation::ab_coverage(correlation, kExperiments, 1);
    EXPECT_GE(found.at_every_look, kLeast) << "correlation " << correlation;
    EXPECT_GE(found.at_its_end, kLeast) << "correlation " << correlation;
  }
}

Result<LatencyAb> compare(std::vector<double> blocks, const ComparisonOptions& options) {
  return compare_blocks(
      [&blocks, next = std::size_t{0}]() mutable { return Result<double>(blocks[next++]); },
      options, [](double, const std::string&) {});
}

TEST(Comparison, it_ends_at_the_fewest_blocks_where_the_difference_is_large) {
  const auto found = compare({-0.65, -0.66, -0.64, -0.65, -0.655}, {});
  ASSERT_TRUE(found);
  EXPECT_EQ(found.value().verdict, LatencyVerdict::kFaster);
  EXPECT_EQ(found.value().blocks, 5);
  EXPECT_NEAR(found.value().ratio, std::exp(-0.65), 0.01);
}

// A ratio of some blocks beside an interval of others may lie outside of it.
TEST(Comparison, the_ratio_lies_in_its_interval_however_the_blocks_drift) {
  std::vector<double> drifting;
  for (int i = 0; i < 60; ++i) drifting.push_back(0.5 * std::sin(i * 0.1) + 0.001 * (i % 3));
  for (const int budget : {5, 9, 20, 33, 60}) {
    ComparisonOptions options;
    options.max_blocks = budget;
    options.latency_margin = 0;
    const auto found = compare(drifting, options);
    ASSERT_TRUE(found);
    EXPECT_LE(found.value().low, found.value().ratio) << budget;
    EXPECT_GE(found.value().high, found.value().ratio) << budget;
  }
}

TEST(Comparison, a_block_that_fails_ends_it_with_its_error) {
  const auto found = compare_blocks(
      [] {
        return Result<double>(Error{ErrorCode::kUnavailable, "the harness died"});
      },
      {}, [](double, const std::string&) {});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().message, "the harness died");
}

}  // namespace
}  // namespace pare::engine
