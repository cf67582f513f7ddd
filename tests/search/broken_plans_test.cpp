// What guidance calls broken is not tried before trials say otherwise.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "search/draw.h"
#include "search/seeds.h"
#include "search/space.h"
#include "search/strategy.h"
#include "tests/search/small_detector.h"

namespace pare::search {
namespace {

constexpr int kModels = 60;
constexpr int kFirstAsks = 30;

double up_to(std::mt19937& rng, double most) {
  return most * static_cast<double>(rng() % 1000) / 1000;
}

// Two stages of two blocks and of one, and two layers whose kernels may be smaller.
ModelSummary model() {
  ModelSummary model = small_detector(10);
  model.stages = {{{{"layer1", {"layer1", "layer2"}, {"group1", "group2"}},
                    {"layer3", {"layer3"}, {"group3"}}}},
                  {{{"layer6", {"layer6"}, {"group6"}}}}};
  for (const char* name : {"layer4", "layer8"}) {
    std::ranges::find(model.layers, name, &Layer::name)->kernel = {5, 5};
    model.kernels.push_back({name, {3}});
  }
  return model;
}

// From hardly any damage to more than a plan bears, of each part; the narrower the worse.
Guidance any_guidance(const ModelSummary& model, std::mt19937& rng) {
  Guidance guidance;
  const double most = up_to(rng, 0.8);
  for (const ChannelGroup& group : model.groups) {
    GroupSensitivity& measured = guidance.groups.emplace_back();
    measured.group = group.name;
    const double whole = up_to(rng, most);
    for (const int width : group.widths) {
      if (width == group.channels) continue;
      measured.widths.push_back(width);
      measured.damage.push_back(whole * (1 - static_cast<double>(width) / group.channels));
      measured.macs_saved.push_back(group.channels - width);
    }
  }
  const double block = up_to(rng, most);
  guidance.blocks = {{{"layer1", "layer3"}, {block, block + up_to(rng, most)}, {2000, 3000}},
                     {{"layer6"}, {up_to(rng, most)}, {1000}}};
  guidance.kernels = {{"layer4", {3}, {up_to(rng, most)}, {640}},
                      {"layer8", {3}, {up_to(rng, most)}, {640}}};
  guidance.allocations = {{0.1, 0.2, {{"group0", 8}, {"group5", 16}}},
                          {0.2, 0.3, {{"group5", 8}, {"group7", 24}, {"group9", 8}}},
                          {0.3, 0.4, {{"group5", 16}}, {"layer1"}, {{"layer4", 3}}}};
  return guidance;
}

// As the guidance says it of what the plan changes.
double damage_of(const Plan& plan, const Guidance& guidance) {
  double damage = 0;
  for (const GroupSensitivity& group : guidance.groups) {
    const auto width = plan.widths.find(group.group);
    if (width == plan.widths.end()) continue;
    const auto at = std::ranges::find(group.widths, width->second) - group.widths.begin();
    damage += group.damage[static_cast<std::size_t>(at)];
  }
  for (const StageSensitivity& stage : guidance.blocks) {
    double skipped = 0;
    for (std::size_t k = 0; k < stage.blocks.size(); ++k) {
      if (plan.skip.contains(stage.blocks[k])) skipped = stage.damage[k];
    }
    damage += skipped;
  }
  for (const KernelSensitivity& kernel : guidance.kernels) {
    if (plan.kernels.contains(kernel.layer)) damage += kernel.damage.front();
  }
  return damage;
}

TEST(BrokenPlans, no_seed_and_no_first_plan_of_the_default_strategy_is_one) {
  const ModelSummary detector = model();
  int left_out = 0;
  for (unsigned number = 0; number < kModels; ++number) {
    SCOPED_TRACE(number);
    std::mt19937 rng(number);
    const Guidance guidance = any_guidance(detector, rng);
    const auto space = Space::make(detector, {}, Recovery::kReconstruct, {}, guidance);
    ASSERT_TRUE(space.has_value());
    const auto damage = [&](const Genome& genome) {
      return damage_of(space.value().plan_of(genome), guidance);
    };
    const std::vector<Genome> first = seeds(space.value());
    EXPECT_EQ(first.front(), space.value().original());
    for (const Genome& seed : first) EXPECT_LE(damage(seed), kBrokenDamage + 1e-9);
    const auto strategy = make_strategy("pare", space.value(), number);
    for (const Genome& genome : strategy.value()->ask(kFirstAsks)) {
      EXPECT_LE(damage(genome), kBrokenDamage + 1e-9);
    }
    Random random(number, 1);
    for (int i = 0; i < kFirstAsks; ++i) {
      const Genome drawn = draw_mild(space.value(), random);
      EXPECT_EQ(space.value().broken(drawn), damage(drawn) > kBrokenDamage);
      left_out += space.value().broken(drawn) ? 1 : 0;
    }
  }
  EXPECT_GT(left_out, kModels) << "there was something to leave out";
}

TEST(BrokenPlans, where_all_are_broken_a_draw_is_one_of_them) {
  const ModelSummary detector = small_detector(6);
  Guidance guidance;
  for (const ChannelGroup& group : detector.groups) {
    GroupSensitivity& measured = guidance.groups.emplace_back();
    measured.group = group.name;
    measured.widths.assign(group.widths.begin(), group.widths.end() - 1);
    measured.damage.assign(measured.widths.size(), 1);
    measured.macs_saved.assign(measured.widths.size(), 1);
  }
  SpaceLimits limits;
  limits.min_scale = limits.max_scale = 1;
  limits.precisions = {Precision::kFp32};
  const Space space = Space::make(detector, limits, Recovery::kReconstruct, {}, guidance).value();
  EXPECT_EQ(seeds(space), std::vector{space.original()});
  const auto strategy = with_seeds(seeds(space), make_strategy("pare", space, 1).value());
  EXPECT_EQ(strategy->ask(5).size(), 5U);
}

// A version that has other seeds goes on with a job that one before it began.
TEST(Seeds, those_that_another_version_asked_are_not_asked_again) {
  const Space space = Space::make(small_detector(6), {}, Recovery::kReconstruct).value();
  const std::vector<Genome> all = seeds(space);
  ASSERT_GT(all.size(), 6U);
  std::vector<Genome> before = {all[0], all[3], all[4], all[1]};
  const auto strategy = with_seeds(all, make_strategy("random", space, 1).value());
  strategy->replay_ask(before);
  const std::vector<Genome> next = strategy->ask(static_cast<int>(all.size()) - 4);
  for (const Genome& genome : next) {
    EXPECT_EQ(std::ranges::find(before, genome), before.end());
    EXPECT_NE(std::ranges::find(all, genome), all.end());
  }
}

}  // namespace
}  // namespace pare::search
