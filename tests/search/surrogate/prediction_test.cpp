#include "search/surrogate/prediction.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "search/draw.h"
#include "tests/search/small_detector.h"

namespace pare::search {
namespace {

constexpr int kLevels = 15;

Space cube() {
  std::vector<Decision> decisions(3);
  for (Decision& d : decisions) {
    d.family = family::kLevel;
    d.ordered = true;
    d.choices = kLevels;
  }
  return Space::of_decisions(std::move(decisions));
}

// Two objectives of the order of 1 and of 100, with noise of a hundredth of their spread.
std::vector<double> values(const Genome& genome, std::mt19937& rng) {
  std::normal_distribution<double> noise(0, 0.01);
  double x[3];
  for (int i = 0; i < 3; ++i) x[i] = genome.choices[static_cast<std::size_t>(i)] / (kLevels - 1.0);
  return {x[0] + 0.5 * x[1] * x[1] + noise(rng),
          100 * (x[2] + 0.3 * std::sin(3 * x[0]) + noise(rng))};
}

Genome random_genome(std::mt19937& rng) {
  Genome genome;
  for (int i = 0; i < 3; ++i) genome.choices.push_back(static_cast<int>(rng() % kLevels));
  return genome;
}

std::vector<Observation> observed(int count, std::mt19937& rng) {
  std::vector<Observation> told;
  for (int i = 1; i <= count; ++i) {
    const Genome genome = random_genome(rng);
    told.push_back({TrialId{i}, genome, {{Status::kMeasured, values(genome, rng), {}}}});
  }
  return told;
}

TEST(Prediction, nine_in_ten_unseen_plans_lie_in_their_intervals_and_these_are_narrow) {
  std::mt19937 rng(1);
  const std::vector<Observation> told = observed(60, rng);
  int inside[2] = {0, 0};
  constexpr int kUnseen = 400;
  std::vector<Genome> unseen;
  for (int i = 0; i < kUnseen; ++i) unseen.push_back(random_genome(rng));
  const auto predicted = predictions(cube(), told, unseen);
  for (std::size_t i = 0; i < unseen.size(); ++i) {
    const std::vector<double> truth = values(unseen[i], rng);
    const PredictedOnTarget& on = predicted[i].at(0);
    ASSERT_EQ(on.objectives.size(), 2U);
    EXPECT_EQ(on.works, 1);
    for (std::size_t k = 0; k < 2; ++k) {
      const Predicted& p = on.objectives[k];
      inside[k] += truth[k] >= p.low && truth[k] <= p.high ? 1 : 0;
      EXPECT_LT(p.high - p.low, (k == 0 ? 1 : 100) * 0.5);
      EXPECT_LT(p.low, p.mean);
    }
  }
  for (const int count : inside) {
    EXPECT_GE(count, kUnseen * 0.82);
    EXPECT_LE(count, kUnseen * 0.98);
  }
}

TEST(Prediction, a_broken_candidate_does_not_stretch_the_scale) {
  std::mt19937 rng(2);
  std::vector<Observation> told = observed(60, rng);
  const std::vector<Observation> whole = told;
  told[7].targets[0].objectives[0] = 1e6;
  Genome far = told[7].genome;  // from the broken one
  for (int& choice : far.choices) choice = choice < kLevels / 2 ? kLevels - 1 : 0;
  const auto without = predictions(cube(), whole, {&far, 1});
  const auto with = predictions(cube(), told, {&far, 1});
  EXPECT_NEAR(with[0][0].objectives[0].mean, without[0][0].objectives[0].mean, 0.3);
}

TEST(Prediction, a_target_with_too_few_measurements_says_nothing_but_whether_plans_work) {
  std::mt19937 rng(3);
  std::vector<Observation> told = observed(20, rng);
  for (std::size_t i = 0; i < told.size(); ++i) {
    TargetObservation second = told[i].targets[0];
    if (i >= kFewestToPredict - 1) second = {Status::kInfeasible, {}, {}};
    told[i].targets.push_back(second);
  }
  const auto on = predictions(cube(), told, {&told[15].genome, 1}).at(0);
  ASSERT_EQ(on.size(), 2U);
  EXPECT_EQ(on[0].objectives.size(), 2U);
  EXPECT_TRUE(on[1].objectives.empty());
  EXPECT_LT(on[1].works, 0.9);
}

// Twelve decisions and as many layers: fewer trials than widths.
TEST(Prediction, where_layers_were_timed_latencies_of_unseen_plans_are_better_known) {
  const Space space = Space::make(small_detector(12), {}, Recovery::kReconstruct).value();
  Random random(5, 0);
  std::vector<Observation> timed;
  for (int i = 1; i <= kTimedTrials; ++i) {
    timed.push_back(observe(space, draw_mild(space, random), i, 1));
  }
  std::vector<Observation> untimed = timed;
  for (Observation& one : untimed) one.targets[0].layers.reset();
  std::vector<Genome> unseen;
  for (int i = 0; i < 100; ++i) unseen.push_back(draw_mild(space, random));
  const auto with = predictions(space, timed, unseen);
  const auto without = predictions(space, untimed, unseen);
  double missed_with = 0, missed_without = 0;
  for (std::size_t i = 0; i < unseen.size(); ++i) {
    const double truth = observe(space, unseen[i], 1, 1).targets[0].objectives[1];
    missed_with += std::abs(with[i][0].objectives[1].mean - truth);
    missed_without += std::abs(without[i][0].objectives[1].mean - truth);
  }
  EXPECT_LT(missed_with, 0.6 * missed_without);
}

}  // namespace
}  // namespace pare::search
