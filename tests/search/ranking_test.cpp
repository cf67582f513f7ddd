#include "search/ranking.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

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

// Front after front taken away, as the word is defined.
std::vector<int> ranks_by_peeling(const std::vector<Observation>& plans) {
  const auto violation = [](const TargetObservation& on) {
    return std::max(0.0, on.violations[0]);
  };
  const auto beats = [&](const TargetObservation& a, const TargetObservation& b) {
    if (violation(a) != violation(b)) return violation(a) < violation(b);
    if (violation(a) > 0) return false;
    return a.objectives[0] <= b.objectives[0] && a.objectives[1] <= b.objectives[1] &&
           a.objectives != b.objectives;
  };
  std::vector<int> ranks(plans.size(), -1);
  for (int rank = 0; std::ranges::find(ranks, -1) != ranks.end(); ++rank) {
    std::vector<std::size_t> front;
    for (std::size_t i = 0; i < plans.size(); ++i) {
      if (ranks[i] >= 0) continue;
      bool beaten = false;
      for (std::size_t j = 0; j < plans.size(); ++j) {
        beaten |= ranks[j] < 0 && beats(plans[j].targets[0], plans[i].targets[0]);
      }
      if (!beaten) front.push_back(i);
    }
    for (const std::size_t i : front) ranks[i] = rank;
  }
  return ranks;
}

TEST(Ranking, ranks_are_those_of_fronts_taken_away_one_after_the_other) {
  std::mt19937 rng(1);
  for (int run = 0; run < 40; ++run) {
    std::vector<Observation> plans;
    for (int i = 0; i < 60; ++i) {
      const auto level = [&] { return static_cast<double>(rng() % 12); };  // many are equal
      plans.push_back(on_targets({measured(level(), level(), level() - (run % 3) * 5.0)}));
    }
    const std::vector<int> peeled = ranks_by_peeling(plans);
    const std::vector<Ranking> ranks = rank(plans);
    for (std::size_t i = 0; i < plans.size(); ++i) EXPECT_EQ(ranks[i].rank, peeled[i]);
  }
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
