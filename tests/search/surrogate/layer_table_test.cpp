#include "search/surrogate/layer_table.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "search/surrogate/time_prior.h"

namespace pare::search {
namespace {

constexpr std::size_t kLayers = 12;

std::vector<LayerSetting> random_settings(std::mt19937& rng) {
  const auto one_of = [&](std::vector<double> shares) { return shares[rng() % shares.size()]; };
  LayerSetting whole;
  whole.pixels = one_of({0.25, 0.5, 0.75, 1});
  if (rng() % 2 == 0) whole.placement = kAllPlacements[rng() % kAllPlacements.size()];
  std::vector<LayerSetting> out(kLayers, whole);
  for (LayerSetting& setting : out) {
    setting.outputs = one_of({0.25, 0.5, 1});
    setting.inputs = one_of({0.5, 1});
    setting.int8 = setting.placement && rng() % 4 != 0;
  }
  return out;
}

// Every layer has a size of its own, a time that does not depend on its work, and one layer a
// kernel that int8 makes slow.
std::vector<double> times_of(const std::vector<LayerSetting>& settings) {
  std::vector<double> ms;
  for (std::size_t i = 0; i < settings.size(); ++i) {
    const LayerSetting& s = settings[i];
    const double work = s.pixels * s.outputs * std::sqrt(s.inputs);
    const double int8 = !s.int8 ? 1 : i == 3 ? 4 : 0.6;
    ms.push_back((0.1 + 0.05 * static_cast<double>(i)) * (0.2 + 0.8 * work) * int8);
  }
  return ms;
}

double log_sum(const std::vector<double>& ms) {
  double sum = 0;
  for (const double one : ms) sum += one;
  return std::log(sum);
}

LayerTable table_of(const std::vector<std::vector<LayerSetting>>& plans) {
  LayerTable table;
  for (const auto& plan : plans) table.add(plan, times_of(plan));
  table.learn();
  return table;
}

TEST(LayerTable, forty_plans_say_what_others_take) {
  std::mt19937 rng(1);
  std::vector<std::vector<LayerSetting>> plans;
  for (int i = 0; i < 40; ++i) plans.push_back(random_settings(rng));
  const LayerTable table = table_of(plans);
  int near = 0, near_by_size_alone = 0;
  for (int i = 0; i < 200; ++i) {
    const auto unseen = random_settings(rng);
    const double truth = log_sum(times_of(unseen));
    const double whole = log_sum(times_of(std::vector<LayerSetting>(kLayers, {unseen[0].pixels})));
    near += std::abs(table.log_total(unseen) - truth) < 0.15 ? 1 : 0;
    near_by_size_alone += std::abs(whole - truth) < 0.15 ? 1 : 0;
  }
  EXPECT_GE(near, 140);
  EXPECT_LT(near_by_size_alone, 50);
}

TEST(LayerTable, a_row_left_out_is_what_the_others_say_of_it) {
  std::mt19937 rng(2);
  std::vector<std::vector<LayerSetting>> plans;
  for (int i = 0; i < 20; ++i) plans.push_back(random_settings(rng));
  LayerTable with;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    std::vector<double> ms = times_of(plans[i]);
    for (double& one : ms) one *= i == 7 ? 20 : 1;  // the machine was busy
    with.add(plans[i], ms);
  }
  with.learn();
  const double truth = log_sum(times_of(plans[7]));
  EXPECT_GT(with.log_total(plans[7]), truth + 1);
  EXPECT_NEAR(with.left_out(7), truth, 0.5);
}

TEST(LayerTable, many_plans_at_once_take_what_they_take_one_by_one) {
  std::mt19937 rng(5);
  std::vector<std::vector<LayerSetting>> plans;
  for (int i = 0; i < 20; ++i) plans.push_back(random_settings(rng));
  const LayerTable table = table_of(plans);
  SettingsOfPlans asked;
  for (int i = 0; i < 50; ++i) {
    plans.push_back(random_settings(rng));
    asked.add(plans.back());
  }
  EXPECT_EQ(table.log_totals({}).size(), 0);
  const Eigen::VectorXd totals = table.log_totals(asked);
  ASSERT_EQ(totals.size(), 50);
  for (Eigen::Index i = 0; i < totals.size(); ++i) {
    EXPECT_NEAR(totals[i], table.log_total(plans[20 + static_cast<std::size_t>(i)]), 1e-12);
  }
}

TEST(LayerTable, a_layer_too_short_to_be_seen_is_short_and_no_more) {
  LayerTable table;
  const std::vector<LayerSetting> original(2);
  table.add(original, std::vector<double>{2, 0});
  table.add(original, std::vector<double>{2, 0});
  table.learn();
  EXPECT_NEAR(table.log_total(original), std::log(2), 0.01);
}

TEST(LayerTable, a_layer_that_went_takes_no_time_and_says_nothing_of_its_own) {
  LayerTable table;
  std::vector<LayerSetting> original(2), less(2);
  less[1].gone = true;
  for (int i = 0; i < 4; ++i) table.add(original, std::vector<double>{2, 3});
  for (int i = 0; i < 4; ++i) table.add(less, std::vector<double>{2, 0});
  table.learn();
  EXPECT_NEAR(table.log_total(original), std::log(5), 0.01);
  EXPECT_NEAR(table.log_total(less), std::log(2), 0.01);
  EXPECT_NEAR(table.left_out(7), std::log(2), 0.01);
  SettingsOfPlans asked;
  asked.add(original);
  asked.add(less);
  EXPECT_NEAR(table.log_totals(asked)[0], std::log(5), 0.01);
  EXPECT_NEAR(table.log_totals(asked)[1], std::log(2), 0.01);
}

TEST(LayerTable, a_smaller_kernel_is_expected_to_be_faster) {
  LayerTable table;
  const std::vector<LayerSetting> original(1);
  std::vector<LayerSetting> smaller(1);
  smaller[0].taps = 9.0 / 25;
  table.add(original, std::vector<double>{2});
  table.add(original, std::vector<double>{2});
  table.learn();
  EXPECT_LT(table.log_total(smaller), table.log_total(original) - 0.3);
}

// An objective that is the logarithm of the layers' sum times a constant that no profile shows.
std::vector<Observation> told(const std::vector<std::vector<LayerSetting>>& plans, int timed) {
  std::vector<Observation> out;
  for (const auto& plan : plans) {
    TargetObservation on{Status::kMeasured, {0.5, log_sum(times_of(plan)) + 1.5}, {}};
    if (std::cmp_less(out.size(), timed)) on.layers = LayerTimes{1, times_of(plan)};
    out.push_back({TrialId{static_cast<int>(out.size()) + 1}, {}, {on}});
  }
  return out;
}

TEST(TimePrior, it_says_what_the_objective_of_any_plan_is) {
  std::mt19937 rng(3);
  std::vector<std::vector<LayerSetting>> plans;
  for (int i = 0; i < 60; ++i) plans.push_back(random_settings(rng));
  const std::vector<Observation> observed = told(plans, 40);
  const TimePrior prior(observed, plans, 0, 1);
  ASSERT_TRUE(prior.says_something());
  for (std::size_t i = 40; i < plans.size(); ++i) {
    const double measured = observed[i].targets[0].objectives[1];
    EXPECT_NEAR(prior.of(plans[i]), measured, 0.25);
    EXPECT_EQ(prior.of_told(i, plans[i]), prior.of(plans[i]));
  }
}

TEST(TimePrior, it_says_nothing_of_other_objectives_or_of_too_few_trials) {
  std::mt19937 rng(4);
  std::vector<std::vector<LayerSetting>> plans;
  for (int i = 0; i < 20; ++i) plans.push_back(random_settings(rng));
  EXPECT_FALSE(TimePrior(told(plans, 20), plans, 0, 0).says_something());
  EXPECT_FALSE(TimePrior(told(plans, TimePrior::kFewest - 1), plans, 0, 1).says_something());
  EXPECT_EQ(TimePrior(told(plans, 0), plans, 0, 1).of(plans[0]), 0);
}

}  // namespace
}  // namespace pare::search
