#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <set>

#include "search/hypervolume.h"
#include "search/seeds.h"
#include "search/strategy.h"
#include "tests/search/small_detector.h"
#include "wire/job_json.h"

namespace pare::search {

std::unique_ptr<Strategy> strategy_pare(const Space& space, std::uint64_t seed, WorstOfUse worst);
std::unique_ptr<Strategy> strategy_evolution(const Space& space, std::uint64_t seed,
                                             WorstOfUse worst);

namespace {

Space space_of(int groups, const SpaceLimits& limits = {}) {
  return Space::make(small_detector(groups), limits, Recovery::kReconstruct).value();
}

// Half the original's accuracy at its latency.
std::vector<double> worst_of_use(const std::vector<double>& original) {
  return {1 - 0.5 * (1 - original[0]), original[1] + 0.01};
}

std::unique_ptr<Strategy> make(std::string_view name, const Space& space, std::uint64_t seed) {
  return with_seeds(seeds(space), make_strategy(name, space, seed, worst_of_use).value());
}

// Everything below holds for every file in search/strategies, also for one that is added later.
class EveryStrategy : public testing::TestWithParam<std::string_view> {};

TEST_P(EveryStrategy, no_plan_is_asked_twice_and_all_are_canonical) {
  const Space space = space_of(10);
  const auto strategy = make(GetParam(), space, 4);
  std::set<Genome> seen;
  for (int trial = 1; trial <= 150; ++trial) {
    const std::vector<Genome> asked = strategy->ask(1);
    ASSERT_EQ(asked.size(), 1U);
    EXPECT_EQ(space.canonical(asked[0]), asked[0]);
    EXPECT_TRUE(seen.insert(asked[0]).second) << "trial " << trial;
    strategy->tell({{observe(space, asked[0], trial, 2)}});
  }
}

TEST_P(EveryStrategy, the_same_seed_and_calls_give_the_same_plans_and_another_seed_others) {
  const Space space = space_of(10);
  const auto run = [&](std::uint64_t seed) {
    const auto strategy = make(GetParam(), space, seed);
    std::vector<Genome> all;
    for (int trial = 1; trial <= 60; ++trial) {
      const std::vector<Genome> asked = strategy->ask(1);
      all.push_back(asked.at(0));
      strategy->tell({{observe(space, asked[0], trial, 1)}});
    }
    return all;
  };
  EXPECT_EQ(run(3), run(3));
  EXPECT_NE(run(3), run(4));
}

// The log of asks and tells, whatever their order, brings a strategy back to where it was.
TEST_P(EveryStrategy, one_restored_from_its_log_asks_what_the_uninterrupted_one_asks) {
  const Space space = space_of(10);
  for (unsigned seed = 0; seed < 5; ++seed) {
    std::mt19937 rng(seed);
    auto strategy = make(GetParam(), space, seed);
    struct Entry {
      bool ask;
      std::vector<Genome> genomes;
      Observation told;
    };
    std::vector<Entry> log;
    std::vector<std::pair<int, Genome>> in_flight;
    int trial = 0;
    for (int step = 0; step < 120; ++step) {
      if (in_flight.empty() || (rng() % 2 == 0 && in_flight.size() < 5)) {
        if (step % 10 == 0) {
          auto restored = make(GetParam(), space, seed);
          for (const Entry& entry : log) {
            if (entry.ask) {
              restored->replay_ask(entry.genomes);
            } else {
              restored->tell({&entry.told, 1});
            }
          }
          strategy = std::move(restored);
        }
        log.push_back({true, strategy->ask(1), {}});
        ASSERT_EQ(log.back().genomes.size(), 1U);
        in_flight.emplace_back(++trial, log.back().genomes[0]);
      } else {
        const std::size_t at = rng() % in_flight.size();
        const auto [number, genome] = in_flight[at];
        in_flight.erase(in_flight.begin() + static_cast<std::ptrdiff_t>(at));
        log.push_back({false, {}, observe(space, genome, number, 2)});
        strategy->tell({&log.back().told, 1});
      }
    }
    const auto whole = make(GetParam(), space, seed);  // never interrupted
    for (const Entry& entry : log) {
      if (entry.ask) {
        EXPECT_EQ(whole->ask(1), entry.genomes);
      } else {
        whole->tell({&entry.told, 1});
      }
    }
  }
}

TEST_P(EveryStrategy, it_goes_on_when_a_third_of_the_trials_fail) {
  const Space space = space_of(10);
  const auto strategy = make(GetParam(), space, 6);
  std::mt19937 rng(6);
  for (int trial = 1; trial <= 150; ++trial) {
    const std::vector<Genome> asked = strategy->ask(1);
    ASSERT_EQ(asked.size(), 1U);
    const bool fails = rng() % 3 == 0;
    strategy->tell({{fails ? failed(asked[0], trial, 2) : observe(space, asked[0], trial, 2)}});
  }
  const auto all_fail = make(GetParam(), space, 6);
  for (int trial = 1; trial <= 50; ++trial) {
    const std::vector<Genome> asked = all_fail->ask(1);
    ASSERT_EQ(asked.size(), 1U);
    all_fail->tell({{failed(asked[0], trial, 1)}});
  }
}

TEST_P(EveryStrategy, it_goes_on_when_all_plans_measure_the_same) {
  const Space space = space_of(10);
  const auto strategy = make(GetParam(), space, 6);
  std::set<Genome> seen;
  for (int trial = 1; trial <= 60; ++trial) {
    const std::vector<Genome> asked = strategy->ask(1);
    ASSERT_EQ(asked.size(), 1U);
    EXPECT_TRUE(seen.insert(asked[0]).second);
    const Observation same{TrialId{trial}, asked[0], {{Status::kMeasured, {0.5, 1.0}, {}}}};
    strategy->tell({&same, 1});
  }
}

// Whatever was measured, weighted or stored: numbers that some formula would divide by.
Observation hostile(const Space& space, const Genome& genome, int trial, std::mt19937& rng) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kNumbers[] = {kInfinity, -kInfinity, std::numeric_limits<double>::quiet_NaN(),
                                 0,         -0.0,       1e308,
                                 -1e308,    5e-324,     1e-300,
                                 1e12,      -1e12,      1 + 1e-16,
                                 1e11,      -745.1,     0.5};
  Observation out = observe(space, genome, trial, 2);
  for (TargetObservation& on : out.targets) {
    const auto spoil = [&](double& x) {
      if (rng() % 3 == 0) x = kNumbers[rng() % std::size(kNumbers)];
    };
    on.violations = {-1};
    std::ranges::for_each(on.objectives, spoil);
    std::ranges::for_each(on.violations, spoil);
    if (on.layers) std::ranges::for_each(on.layers->ms, spoil);
  }
  return out;
}

TEST_P(EveryStrategy, it_goes_on_whatever_numbers_it_is_told) {
  const Space space = space_of(6);
  for (unsigned seed = 0; seed < 2; ++seed) {
    std::mt19937 rng(seed);
    const auto strategy = make(GetParam(), space, seed);
    std::set<Genome> seen;
    for (int trial = 1; trial <= 32; ++trial) {
      const std::vector<Genome> asked = strategy->ask(1);
      ASSERT_EQ(asked.size(), 1U);
      ASSERT_TRUE(space.offers(asked[0]));
      EXPECT_TRUE(seen.insert(asked[0]).second);
      strategy->tell({{hostile(space, asked[0], trial, rng)}});
    }
  }
}

TEST(Surrogates, a_strategy_that_cannot_learn_says_so_and_draws_at_random) {
  const Space space = space_of(6);
  for (const auto make_bare : {strategy_pare, strategy_evolution}) {
    const auto strategy = make_bare(space, 1, {});  // told what make_strategy's never are
    for (int trial = 1; trial <= 40; ++trial) {
      const std::vector<Genome> asked = strategy->ask(1);
      ASSERT_EQ(asked.size(), 1U);
      EXPECT_EQ(strategy->trouble().empty(), trial <= 16) << trial;
      Observation told = observe(space, asked[0], trial, 1);
      if (trial % 5 == 0) told.targets[0].objectives[0] = std::numeric_limits<double>::infinity();
      strategy->tell({{told}});
    }
  }
}

// A clock of one tick: plans are alike, equal, or ten orders apart.
TEST_P(EveryStrategy, it_goes_on_when_measurements_are_equal_but_for_a_few_that_are_far_out) {
  const Space space = space_of(6);
  const auto strategy = make(GetParam(), space, 1);
  for (int trial = 1; trial <= 36; ++trial) {
    const std::vector<Genome> asked = strategy->ask(1);
    ASSERT_EQ(asked.size(), 1U);
    const double map = trial % 9 == 0 ? -1e11 : 1 + 1e-16;
    const double latency = trial % 7 == 0 ? 1e11 * trial : 0;
    strategy->tell({{{TrialId{trial}, asked[0], {{Status::kMeasured, {map, latency}, {0}}}}}});
  }
}

TEST_P(EveryStrategy, a_space_of_one_point_is_asked_once) {
  SpaceLimits limits;
  limits.width = false;
  limits.min_scale = limits.max_scale = 1.0;
  limits.precisions = {Precision::kFp32};
  const Space space = space_of(3, limits);
  EXPECT_TRUE(space.decisions().empty());
  const auto strategy = make(GetParam(), space, 1);
  EXPECT_EQ(strategy->ask(5).size(), 1U);
  EXPECT_TRUE(strategy->ask(5).empty());
}

TEST_P(EveryStrategy, a_small_space_is_asked_to_its_last_point) {
  SpaceLimits limits;
  limits.min_scale = 0.9;
  const Space space = space_of(1, limits);
  std::size_t points = 0;
  space.for_each([&](const Genome&) { return ++points > 0; });
  const auto strategy = make(GetParam(), space, 1);
  std::set<Genome> seen;
  int trial = 0;
  for (std::vector<Genome> asked; !(asked = strategy->ask(4)).empty();) {
    for (const Genome& genome : asked) {
      EXPECT_TRUE(seen.insert(genome).second);
      strategy->tell({{observe(space, genome, ++trial, 1)}});
    }
  }
  EXPECT_EQ(seen.size(), points);
}

TEST_P(EveryStrategy, a_job_document_may_name_it) {
  const std::string json = R"({"model": "m", "dataset": "d", "targets": ["t"], "strategy": ")" +
                           std::string(GetParam()) + "\"}";
  EXPECT_TRUE(wire::parse_new_job(json).has_value());
}

INSTANTIATE_TEST_SUITE_P(Table, EveryStrategy, testing::ValuesIn(strategy_names()),
                         [](const auto& tested) { return std::string(tested.param); });

TEST(Strategies, a_name_that_is_not_in_the_table_is_an_error) {
  EXPECT_FALSE(make_strategy("magic", space_of(2), 1).has_value());
}

double hypervolume_after(std::string_view name, int trials, std::uint64_t seed) {
  const Space space = space_of(30);
  const auto strategy = make(name, space, seed);
  std::vector<std::vector<double>> points;
  for (int trial = 1; trial <= trials; ++trial) {
    const Observation seen = observe(space, strategy->ask(1).at(0), trial, 1);
    points.push_back(seen.targets[0].objectives);
    strategy->tell({&seen, 1});
  }
  return hypervolume(points, worst_of_use(points.front()));
}

int wins_of(std::string_view name, std::string_view other, int trials, std::uint64_t seeds) {
  int wins = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    if (hypervolume_after(name, trials, seed) > hypervolume_after(other, trials, seed)) ++wins;
  }
  return wins;
}

TEST(Strategies, nsga2_finds_more_than_random_in_200_trials) {
  EXPECT_GE(wins_of("nsga2", "random", 200, 9), 8);
}

TEST(Strategies, pare_finds_more_than_nsga2_in_60_trials) {
  EXPECT_GE(wins_of("pare", "nsga2", 60, 6), 5);
}

}  // namespace
}  // namespace pare::search
