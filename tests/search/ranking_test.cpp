#include "search/ranking.h"

#include <gtest/gtest.h>

#include <limits>

namespace pare::search {
namespace {

Observation on_targets(std::vector<TargetObservation> targets) {
  return {TrialId{1}, {}, std::move(targets)};
}
TargetObservation measured(double a, double b, double violation = -1) {
  return {Status::kMeasured, {a, b}, {violation}};
}
const TargetObservation kFailed = {Status::kInfeasible, {}, {}};

TEST(Ranking, a_front_behind_the_front_has_the_next_rank) {
  const std::vector<Observation> plans = {
      on_targets({measured(1, 3)}), on_targets({measured(3, 1)}), on_targets({measured(2, 4)}),
      on_targets({measured(4, 5)}), on_targets({measured(2, 2)})};
  const std::vector<Ranking> ranks = rank(plans);
  EXPECT_EQ(ranks[0].rank, 0);
  EXPECT_EQ(ranks[1].rank, 0);
  EXPECT_EQ(ranks[2].rank, 1);
  EXPECT_EQ(ranks[3].rank, 2);
  EXPECT_EQ(ranks[4].rank, 0);
  EXPECT_EQ(ranks[0].crowding, std::numeric_limits<double>::infinity());
  EXPECT_DOUBLE_EQ(ranks[4].crowding, 2.0);
}

TEST(Ranking, the_best_rank_over_the_targets_counts) {
  const std::vector<Observation> plans = {on_targets({measured(1, 1), measured(2, 2)}),
                                          on_targets({measured(2, 2), measured(1, 1)}),
                                          on_targets({measured(3, 3), measured(3, 3)})};
  const std::vector<Ranking> ranks = rank(plans);
  EXPECT_EQ(ranks[0].rank, 0);
  EXPECT_EQ(ranks[1].rank, 0);
  EXPECT_EQ(ranks[2].rank, 2);
}

TEST(Ranking, what_keeps_the_constraints_ranks_before_what_does_not) {
  const std::vector<Observation> plans = {on_targets({measured(1, 1, 0.5)}),
                                          on_targets({measured(9, 9, 0.0)}),
                                          on_targets({measured(2, 2, 0.1)})};
  const std::vector<Ranking> ranks = rank(plans);
  EXPECT_EQ(ranks[1].rank, 0);
  EXPECT_EQ(ranks[2].rank, 1);
  EXPECT_EQ(ranks[0].rank, 2);
}

TEST(Ranking, a_plan_that_failed_everywhere_ranks_last) {
  const std::vector<Observation> plans = {on_targets({kFailed, kFailed}),
                                          on_targets({kFailed, measured(9, 9)}),
                                          on_targets({measured(1, 1), measured(1, 1)})};
  const std::vector<Ranking> ranks = rank(plans);
  EXPECT_TRUE(better(ranks[1], ranks[0]));
  EXPECT_TRUE(better(ranks[2], ranks[1]));
}

}  // namespace
}  // namespace pare::search
