#include "search/pareto_front.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

namespace pare::search {
namespace {

using Inserted = ParetoFront::Inserted;

ParetoPoint point(std::int64_t id, std::vector<double> objectives) {
  return {TrialId{id}, std::move(objectives)};
}

TEST(ParetoFront, a_dominated_point_leaves_the_front_when_a_better_one_arrives) {
  ParetoFront front(2);
  EXPECT_EQ(front.insert(point(1, {2.0, 2.0})).value(), Inserted::kYes);
  EXPECT_EQ(front.insert(point(2, {1.0, 1.0})).value(), Inserted::kYes);
  ASSERT_EQ(front.points().size(), 1U);
  EXPECT_EQ(front.points()[0].trial.value, 2);
}

TEST(ParetoFront, a_nan_objective_is_refused_and_the_front_is_unchanged) {
  ParetoFront front(1);
  (void)front.insert(point(1, {1.0}));
  const auto refused = front.insert(point(2, {std::numeric_limits<double>::quiet_NaN()}));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused.error().message, "trial 2 has a non-finite objective");
  EXPECT_EQ(front.points().size(), 1U);
}

TEST(ParetoFront, the_front_does_not_depend_on_the_order_of_insertion) {
  std::mt19937 rng(20240501);
  std::uniform_int_distribution<int> coordinate(0, 6);
  std::vector<ParetoPoint> points;
  for (int i = 0; i < 60; ++i) {
    points.push_back(point(i, {double(coordinate(rng)), double(coordinate(rng))}));
  }
  const auto front_of = [](const std::vector<ParetoPoint>& in) {
    ParetoFront front(2);
    for (const ParetoPoint& p : in) (void)front.insert(p);
    std::vector<std::vector<double>> out;
    for (const ParetoPoint& p : front.points()) out.push_back(p.objectives);
    return out;
  };
  const auto expected = front_of(points);
  for (int round = 0; round < 50; ++round) {
    std::ranges::shuffle(points, rng);
    EXPECT_EQ(front_of(points), expected);
  }
}

}  // namespace
}  // namespace pare::search
