#include "search/surrogate/surrogates.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace pare::search {
namespace {

constexpr int kLevels = 21;

// Two levels in [0, 1], x and y: objectives x + y^2 and 1 - x, so that the front is y = 0.
Space square() {
  std::vector<Decision> decisions(2);
  for (Decision& d : decisions) {
    d.family = family::kLevel;
    d.ordered = true;
    d.choices = kLevels;
  }
  return Space::of_decisions(std::move(decisions));
}

TargetObservation measured(const Genome& genome) {
  const double x = genome.choices[0] / (kLevels - 1.0);
  const double y = genome.choices[1] / (kLevels - 1.0);
  return {Status::kMeasured, {x + y * y, 1 - x}, {}};
}

std::vector<Genome> drawn(int count, unsigned seed) {
  std::mt19937 rng(seed);
  std::vector<Genome> genomes;
  for (int i = 0; i < count; ++i) {
    genomes.push_back({{static_cast<int>(rng() % kLevels), static_cast<int>(rng() % kLevels)}});
  }
  return genomes;
}

template <typename Measure>
Surrogates taught(int trials, Measure measure) {
  Surrogates surrogates(square());
  int number = 0;
  for (const Genome& genome : drawn(trials, 1)) {
    surrogates.tell({TrialId{++number}, genome, {measure(genome)}});
  }
  EXPECT_TRUE(surrogates.learn());
  return surrogates;
}

std::vector<Genome> everything() {
  std::vector<Genome> genomes;
  square().for_each([&](const Genome& genome) {
    genomes.push_back(genome);
    return true;
  });
  return genomes;
}

std::size_t most_gaining(const Candidates& candidates, std::size_t count) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < count; ++i) {
    if (candidates.gain(i) > candidates.gain(best)) best = i;
  }
  return best;
}

TEST(Surrogates, the_plan_that_gains_most_lies_near_the_front) {
  const Surrogates surrogates = taught(25, measured);
  const std::vector<Genome> all = everything();
  const Candidates candidates = surrogates.consider(all, {});
  EXPECT_LE(all[most_gaining(candidates, all.size())].choices[1], 3);
}

TEST(Surrogates, a_plan_that_was_taken_or_is_pending_gains_next_to_nothing_more) {
  const Surrogates surrogates = taught(25, measured);
  const std::vector<Genome> all = everything();
  Candidates candidates = surrogates.consider(all, {});
  const std::size_t best = most_gaining(candidates, all.size());
  const double before = candidates.gain(best);
  const Candidates with_pending = surrogates.consider(all, {&all[best], 1});
  candidates.take(best);
  EXPECT_LT(candidates.gain(best), 0.2 * before);
  EXPECT_NEAR(with_pending.gain(best), candidates.gain(best), 1e-9);
  EXPECT_NE(most_gaining(candidates, all.size()), best);
}

TEST(Surrogates, candidates_that_come_later_are_believed_as_those_that_were_there) {
  const Surrogates surrogates = taught(25, measured);
  const std::vector<Genome> all = everything();
  const std::span<const Genome> early = std::span(all).first(150),
                                late = std::span(all).subspan(150);
  Candidates at_once = surrogates.consider(all, {});
  Candidates in_parts = surrogates.consider(early, {});
  for (const std::size_t taken : {std::size_t{7}, std::size_t{140}}) {
    at_once.take(taken);
    in_parts.take(taken);
  }
  surrogates.add(late, in_parts);
  ASSERT_EQ(in_parts.size(), all.size());
  at_once.take(200);
  in_parts.take(200);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_NEAR(in_parts.gain(i), at_once.gain(i), 1e-9);
  }
}

TEST(Surrogates, candidates_that_are_kept_are_believed_as_before_and_shrink_together) {
  const Surrogates surrogates = taught(25, measured);
  const std::vector<Genome> all = everything();
  Candidates whole = surrogates.consider(all, {&all[3], 1});
  Candidates some = surrogates.consider(all, {&all[3], 1});
  const std::vector<std::size_t> kept = {400, 17, 21, 230, 11};
  some.keep(kept);
  ASSERT_EQ(some.size(), kept.size());
  whole.take(kept[1]);
  some.take(1);
  for (std::size_t i = 0; i < kept.size(); ++i) {
    EXPECT_NEAR(some.gain(i), whole.gain(kept[i]), 1e-12);
  }
}

TEST(Surrogates, where_plans_fail_none_is_worth_trying) {
  const Surrogates surrogates = taught(60, [](const Genome& genome) {
    if (genome.choices[0] < kLevels / 2) return TargetObservation{Status::kInfeasible, {}, {}};
    return measured(genome);
  });
  const Candidates candidates = surrogates.consider(everything(), {});
  const std::vector<Genome> all = everything();
  EXPECT_GE(all[most_gaining(candidates, all.size())].choices[0], kLevels / 2 - 2);
}

TEST(Surrogates, a_constraint_keeps_plans_out_that_break_it) {
  const Surrogates surrogates = taught(60, [](const Genome& genome) {
    TargetObservation seen = measured(genome);
    seen.violations = {(genome.choices[0] - kLevels / 2) / (kLevels - 1.0)};  // x <= 1/2
    return seen;
  });
  const std::vector<Genome> all = everything();
  const Candidates candidates = surrogates.consider(all, {});
  EXPECT_LE(all[most_gaining(candidates, all.size())].choices[0], kLevels / 2 + 1);
}

// Without the constraint, y >= 1/2, the front would be y = 0.
TEST(Surrogates, a_pending_plan_that_will_break_a_constraint_takes_nothing_from_the_others) {
  const Surrogates surrogates = taught(60, [](const Genome& genome) {
    TargetObservation seen = measured(genome);
    seen.violations = {0.5 - genome.choices[1] / (kLevels - 1.0)};
    return seen;
  });
  const std::vector<Genome> all = everything();
  const Candidates alone = surrogates.consider(all, {});
  const Genome best = all[most_gaining(alone, all.size())];
  const Genome breaking{{best.choices[0], 0}};
  const Candidates beside = surrogates.consider({&best, 1}, {&breaking, 1});
  EXPECT_GT(beside.gain(0), 0.5 * alone.gain(most_gaining(alone, all.size())));
}

// The corner of the fast and broken: what is beyond x = 1/2 costs nothing at all.
TEST(Surrogates, what_is_of_no_use_gains_nothing_however_fast_it_is) {
  const auto measure = [](const Genome& genome) {
    TargetObservation seen = measured(genome);
    if (genome.choices[0] > kLevels / 2) seen.objectives = {3, -3};
    return seen;
  };
  const auto gaining = [&](WorstOfUse worst) {
    Surrogates surrogates(square(), std::move(worst));
    int number = 0;
    std::vector<Genome> genomes = drawn(40, 1);
    genomes.insert(genomes.begin() + 20, square().original());
    for (const Genome& genome : genomes) {
      surrogates.tell({TrialId{++number}, genome, {measure(genome)}});
    }
    EXPECT_TRUE(surrogates.learn());
    const std::vector<Genome> all = everything();
    const std::vector<double> gains = surrogates.consider(all, {}).gains(all.size());
    double useful = 0;
    double useless = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      (all[i].choices[0] > kLevels / 2 + 2 ? useless : useful) += gains[i];
    }
    return useless / useful;
  };
  const double unknown = gaining({});
  const double known = gaining([](const std::vector<double>& original) {
    EXPECT_EQ(original, measured(square().original()).objectives);
    return std::vector<double>{1.2, 1.2};
  });
  EXPECT_LT(known, 0.1 * unknown);
}

// One objective of x and y; every other trial lies at x = 0.4 to 0.5.  How far apart these two are
// believed to be, as a share of the way from 0 to 1.
double believed_apart(double (*objective)(double x, int y)) {
  Surrogates surrogates(square());
  int number = 0;
  for (Genome genome : drawn(60, 1)) {
    int& level = genome.choices[0];
    if (++number % 2 != 0) level = 8 + level % 3;
    const double x = level / (kLevels - 1.0);
    const double value = objective(x, genome.choices[1]);
    surrogates.tell({TrialId{number}, genome, {{Status::kMeasured, {value}, {}}}});
  }
  EXPECT_TRUE(surrogates.learn());
  const std::vector<Genome> at = {{{0, 0}}, {{8, 0}}, {{10, 0}}, {{kLevels - 1, 0}}};
  const Candidates candidates = surrogates.consider(at, {});
  const auto mean = [&](std::size_t i) { return candidates.objectives(0, i)[0].mean; };
  return (mean(2) - mean(1)) / (mean(3) - mean(0));
}

TEST(Surrogates, a_smooth_objective_is_learnt_as_values_and_a_restless_one_as_ranks) {
  EXPECT_LT(believed_apart([](double x, int) { return x; }), 0.17) << "0.2 as ranks";
  const auto rough = [](double x, int y) { return x + 0.1 * (y * y % 7); };  // and no noise
  EXPECT_LT(believed_apart(rough), 0.13) << "0.15 as ranks";
  const auto restless = [](double x, int y) {
    return x + std::abs(std::fmod(1e4 * std::sin(91 * x + 47 * y), 1));
  };
  EXPECT_GT(believed_apart(restless), 0.2) << "0.06 as values";
}

// Also where the original, and with it what is of use, is told after the last choice of
// hyper-parameters (at 42 trials).
TEST(Surrogates, one_taught_in_steps_believes_what_one_taught_at_once_does) {
  std::vector<Genome> genomes = drawn(50, 1);
  genomes.insert(genomes.begin() + 45, square().original());
  const WorstOfUse worst = [](const std::vector<double>&) { return std::vector<double>{0.9, 0.9}; };
  for (const WorstOfUse& known : {WorstOfUse{}, worst}) {
    Surrogates at_once(square(), known);
    Surrogates in_steps(square(), known);
    int number = 0;
    for (const Genome& genome : genomes) {
      TargetObservation seen = measured(genome);
      seen.violations = {0.6 - genome.choices[1] / (kLevels - 1.0)};  // few keep it at first
      const Observation told{TrialId{++number}, genome, {seen}};
      at_once.tell(told);
      in_steps.tell(told);
      EXPECT_TRUE(in_steps.learn());
    }
    EXPECT_TRUE(at_once.learn());
    const std::vector<Genome> all = everything();
    const Candidates a = at_once.consider(all, {});
    const Candidates b = in_steps.consider(all, {});
    for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(a.gain(i), b.gain(i));
  }
}

}  // namespace
}  // namespace pare::search
