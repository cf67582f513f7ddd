#include "search/surrogate/scores.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace pare::search {
namespace {

TEST(Scores, keep_the_order_share_ties_and_do_not_care_how_far_out_a_value_is) {
  const std::vector<double> values{0.3, 0.1, 0.2, 0.2, 1e9};
  const Scores scores(values, Warp::kRanks);
  EXPECT_LT(scores(0.1), scores(0.2));
  EXPECT_LT(scores(0.2), scores(0.3));
  EXPECT_LT(scores(0.3), scores(1e9));
  EXPECT_NEAR(scores(0.1), -scores(1e9), 1e-9);
  EXPECT_NEAR(scores(0.2), normal_quantile(0.4), 1e-9);
  EXPECT_GT(scores(0.25), scores(0.2));
  const Scores same(std::vector<double>{2, 2, 2}, Warp::kRanks);
  EXPECT_NEAR(same(2), 0, 1e-12);
  EXPECT_NEAR(same(5), 0, 1e-12);
}

// However many of the useless there are, the useful lie as far apart, and the useless beyond them.
TEST(Scores, with_a_limit_the_useless_are_ranked_by_how_bad_they_are_not_how_many) {
  std::vector<double> values = {1, 2, 3, 4, 5, 40};
  const Scores few(values, Warp::kRanks, 5.5);
  values.insert(values.end(), 30, 40);
  const Scores many(values, Warp::kRanks, 5.5);
  for (const Scores* scores : {&few, &many}) {
    const auto apart = [&](double a, double b) { return (*scores)(b) - (*scores)(a); };
    EXPECT_NEAR(apart(1, 2) / apart(2, 3), apart(4, 5) / apart(3, 4), 1e-9);
    EXPECT_GT(apart(5, 5.5), 0);
    EXPECT_GT(apart(5.5, 6), 0.9 * apart(5, 5.5)) << "evenly at first";
    EXPECT_EQ(apart(30, 40), 0) << "then one is as bad as another";
    EXPECT_LT(apart(5, 40), 2 * apart(1, 5));
  }
  double sum = 0;
  for (const double value : values) sum += many(value);
  EXPECT_NEAR(sum, 0, 1e-9);
}

TEST(Scores, a_limit_that_leaves_next_to_nothing_is_none) {
  const std::vector<double> values = {1, 2, 3, 40, 41, 42, 43, 44, 45, 46};
  for (const Warp warp : {Warp::kRanks, Warp::kValues}) {
    const Scores plain(values, warp);
    const Scores limited(values, warp, 3.5);
    for (const double value : values) EXPECT_EQ(limited(value), plain(value));
  }
}

// Of a cluster and its surroundings: ranks pull the cluster apart, values do not.
TEST(Scores, values_lie_as_far_apart_as_they_do_and_far_out_by_their_logarithm) {
  std::vector<double> values;
  for (int i = -10; i <= 10; ++i) values.push_back(0.1 * i);
  for (int i = 1; i <= 30; ++i) values.push_back(0.5 + 0.001 * i);
  values.push_back(1e3);
  values.push_back(1e6);
  const Scores scores(values, Warp::kValues);
  const auto apart = [&](double a, double b) { return scores(b) - scores(a); };
  EXPECT_NEAR(apart(0.4, 0.5) / apart(0.5, 0.6), 1, 0.1);
  EXPECT_LT(apart(0.505, 0.506), 0.1 * apart(0.5, 0.6));
  EXPECT_NEAR(apart(1e3, 1e6), 2 * std::log(1e3), 0.01);
}

TEST(Scores, of_few_values_or_of_mostly_equal_ones_are_ranks) {
  const std::vector<double> few = {1, 2, 4, 8, 16, 32, 64, 128};
  std::vector<double> equal(30, 0.5);
  for (int i = 0; i < 10; ++i) equal.push_back(i);
  for (const auto& values : {few, equal}) {
    const Scores ranks(values, Warp::kRanks);
    const Scores scores(values, Warp::kValues);
    for (const double value : values) EXPECT_EQ(scores(value), ranks(value));
  }
}

TEST(Scores, keep_the_order_and_lie_within_their_bounds) {
  std::mt19937 rng(5);
  std::lognormal_distribution<double> wide(0, 3);
  for (const Warp warp : {Warp::kRanks, Warp::kValues}) {
    for (const double limit : {std::numeric_limits<double>::infinity(), 2.0}) {
      std::vector<double> values(50);
      for (double& value : values) value = wide(rng);
      const Scores scores(values, warp, limit);
      std::vector<double> asked(500);
      for (double& value : asked) value = wide(rng) - 5;
      asked.push_back(-1e12);
      asked.push_back(1e12);
      std::ranges::sort(asked);
      EXPECT_EQ(scores(asked.front()), scores.lowest());
      EXPECT_EQ(scores(asked.back()), scores.highest());
      for (std::size_t i = 1; i < asked.size(); ++i) {
        EXPECT_LE(scores(asked[i - 1]), scores(asked[i])) << asked[i];
      }
    }
  }
}

TEST(Scores, what_is_believed_is_cut_off_at_what_a_value_may_have) {
  const Scores scores(std::vector<double>{1, 2, 3, 4}, Warp::kRanks);
  const double high = scores.highest();
  const NormalValue inside = scores.within_bounds({0.1, 0.5});
  EXPECT_NEAR(inside.mean, 0.1, 1e-12);
  EXPECT_NEAR(inside.deviation, 0.5, 1e-12);
  const NormalValue half_out = scores.within_bounds({high, 0.5});
  EXPECT_NEAR(half_out.mean, high, 1e-12);
  EXPECT_NEAR(half_out.deviation, 0.25, 1e-12);
  const NormalValue outside = scores.within_bounds({high + 9, 0.5});
  EXPECT_EQ(outside.mean, high);
  EXPECT_GT(outside.deviation, 0) << "an improvement needs one";
}

}  // namespace
}  // namespace pare::search
