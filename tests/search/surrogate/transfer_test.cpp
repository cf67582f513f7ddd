#include "search/surrogate/transfer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

namespace pare::search {
namespace {

constexpr int kPlans = 120;

Space one_level() {
  std::vector<Decision> decisions(1);
  decisions[0].family = family::kLevel;
  decisions[0].ordered = true;
  decisions[0].choices = kPlans;
  return Space::of_decisions(std::move(decisions));
}

// Plans whose latencies on two known devices share a cause, and what they take on a new one.
struct Devices {
  std::vector<KnownPlan> known;
  std::vector<TargetObservation> truth;

  explicit Devices(double surprise, unsigned seed = 1) {
    std::mt19937 rng(seed);
    std::normal_distribution<double> normal;
    for (int i = 0; i < kPlans; ++i) {
      const double size = 3.0 * i / kPlans;
      const double first = size + 0.1 * normal(rng);
      const double second = 0.5 * size + 0.1 * normal(rng);
      const double error = std::exp(-size) + 0.02 * std::abs(normal(rng));
      known.push_back({{{i}}, {first, error, second, error}});
      const double latency =
          0.7 * first + 0.4 * second + 0.01 * normal(rng) + surprise * normal(rng);
      truth.push_back({Status::kMeasured, {error, latency}, {}});
    }
  }
  Observation measured(const Genome& genome, int trial) const {
    return {TrialId{trial}, genome, {truth[static_cast<std::size_t>(genome.choices[0])]}};
  }
};

std::unique_ptr<Strategy> transferred(const Devices& devices, std::size_t measure) {
  const Space space = one_level();
  return with_transfer(devices.known, measure, make_strategy("random", space, 1).value());
}

TEST(Transfer, the_most_informative_plans_differ_and_span_what_is_known) {
  const Devices devices(0);
  const auto chosen = most_informative(devices.known, 12);
  ASSERT_EQ(chosen.size(), 12U);
  EXPECT_EQ(std::set(chosen.begin(), chosen.end()).size(), 12U);
  const auto [low, high] = std::ranges::minmax(chosen);
  EXPECT_LT(low, kPlans / 6U);
  EXPECT_GT(high, kPlans * 5U / 6U);
  EXPECT_EQ(most_informative(devices.known, 1000).size(), static_cast<std::size_t>(kPlans));
  EXPECT_TRUE(most_informative({}, 3).empty());
}

TEST(Transfer, after_the_informative_plans_come_those_on_the_new_front) {
  const Devices devices(0);
  const auto strategy = transferred(devices, 10);
  int trial = 0;
  std::vector<Genome> asked;
  for (int i = 0; i < 30; ++i) {
    asked.push_back(strategy->ask(1).at(0));
    const Observation told = devices.measured(asked.back(), ++trial);
    strategy->tell({&told, 1});
  }
  const auto informative = most_informative(devices.known, 10);
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(asked[i], devices.known[informative[i]].genome);
  // Of what comes next, most lies on the true front or within a hundredth of it.
  int near = 0;
  for (std::size_t i = 10; i < 20; ++i) {
    const auto& mine = devices.truth[static_cast<std::size_t>(asked[i].choices[0])].objectives;
    near += std::ranges::none_of(devices.truth, [&](const TargetObservation& other) {
      return other.objectives[0] < mine[0] - 0.01 && other.objectives[1] < mine[1] - 0.03;
    });
  }
  EXPECT_GE(near, 8);
}

TEST(Transfer, a_restored_one_asks_what_the_uninterrupted_one_asks) {
  const Devices devices(0.05);
  const auto whole = transferred(devices, 8);
  std::vector<std::vector<Genome>> asks;
  int trial = 0;
  const auto step = [&](Strategy& strategy, std::size_t i) {
    const Observation told = devices.measured(asks[i].at(0), ++trial);
    strategy.tell({&told, 1});
  };
  for (std::size_t i = 0; i < 25; ++i) {
    asks.push_back(whole->ask(1));
    step(*whole, i);
  }
  const auto restored = transferred(devices, 8);
  trial = 0;
  for (std::size_t i = 0; i < 15; ++i) {
    restored->replay_ask(asks[i]);
    step(*restored, i);
  }
  for (std::size_t i = 15; i < 25; ++i) {
    EXPECT_EQ(restored->ask(1), asks[i]) << i;
    step(*restored, i);
  }
}

TEST(Transfer, every_plan_is_asked_once_and_the_inner_strategy_goes_on) {
  const Devices devices(0.3);
  const auto strategy = transferred(devices, 8);
  std::set<Genome> seen;
  int trial = 0;
  while (true) {
    const auto asked = strategy->ask(3);
    if (asked.empty()) break;
    for (const Genome& genome : asked) {
      EXPECT_TRUE(seen.insert(genome).second);
      Observation told = devices.measured(genome, ++trial);
      if (trial % 4 == 0) told.targets = {{Status::kInfeasible, {}, {}}};
      strategy->tell({&told, 1});
    }
  }
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(kPlans));
}

TEST(Transfer, it_says_whether_its_predictions_can_be_relied_on) {
  const Devices alike(0);
  const Devices strange(1.0);
  for (const auto& [devices, good] : {std::pair(&alike, true), {&strange, false}}) {
    std::vector<Observation> told;
    for (const std::size_t i : most_informative(devices->known, 16)) {
      told.push_back(devices->measured(devices->known[i].genome, static_cast<int>(i) + 1));
    }
    const TransferQuality quality = transfer_quality(devices->known, told, 0, 1, 0.1);
    EXPECT_EQ(quality.plans, 16U);
    EXPECT_EQ(quality.within >= 0.9, good) << quality.within;
    EXPECT_GE(quality.covered, good ? 0.7 : 0.5);
  }
  EXPECT_EQ(transfer_quality(alike.known, {}, 0, 1, 0.1).plans, 0U);
}

}  // namespace
}  // namespace pare::search
