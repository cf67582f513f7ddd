#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "search/draw.h"
#include "search/seeds.h"
#include "search/space.h"
#include "tests/search/small_detector.h"
#include "wire/plan_json.h"

namespace pare::search {
namespace {

using testing::HasSubstr;

// Layers 1 and 2 go with one block, 3 with the next; 4 has a kernel of 5.
ModelSummary model() {
  ModelSummary model = small_detector(8);
  model.stages = {{{{"layer1", {"layer1", "layer2"}, {"group1", "group2"}},
                    {"layer3", {"layer3"}, {"group3"}}}},
                  {{{"layer6", {"layer6"}, {"group6"}}}}};
  for (const char* name : {"layer4", "layer3"}) {
    const auto layer = std::ranges::find(model.layers, name, &Layer::name);
    layer->kernel = {5, 5};
    model.kernels.push_back({name, {3}});
  }
  return model;
}

Guidance guidance() {
  Guidance guidance;
  guidance.blocks = {{{"layer1", "layer3"}, {0.1, 0.3}, {2000, 3000}}, {{"layer6"}, {7.0}, {1000}}};
  guidance.kernels = {{"layer4", {3}, {0.05}, {640}}, {"layer3", {3}, {0.02}, {640}}};
  guidance.allocations = {{0.1, 0.2, {{"group0", 8}}},
                          {0.3, 0.4, {{"group5", 16}}, {"layer1"}, {{"layer4", 3}}}};
  return guidance;
}

Space space_of(const SpaceLimits& limits = {}, const Guidance& known = guidance()) {
  auto space = Space::make(model(), limits, Recovery::kReconstruct, {}, known);
  EXPECT_TRUE(space.has_value());
  return std::move(space).value();
}

std::size_t decision_of(const Space& space, std::string_view name) {
  const auto at = std::ranges::find(space.decisions(), name, &Decision::name);
  EXPECT_NE(at, space.decisions().end()) << name;
  return static_cast<std::size_t>(at - space.decisions().begin());
}

TEST(DepthLever, blocks_of_a_stage_go_in_their_order_and_those_that_ruin_it_are_not_offered) {
  const Space space = space_of();
  ASSERT_EQ(space.of_family(family::kDepth).size(), 1U);  // of layer6 the damage is too great
  const std::size_t depth = space.of_family(family::kDepth).front();
  EXPECT_EQ(space.decisions()[depth].choices, 3);
  Genome genome = space.original();
  EXPECT_TRUE(space.plan_of(genome).skip.empty());
  genome[depth] = 1;
  EXPECT_EQ(space.plan_of(genome).skip, (std::set<std::string>{"layer1"}));
  genome[depth] = 2;
  EXPECT_EQ(space.plan_of(genome).skip, (std::set<std::string>{"layer1", "layer3"}));
}

TEST(DepthLever, channels_and_kernels_of_what_went_are_nobodys_choice) {
  const Space space = space_of();
  Genome genome = space.original();
  genome[space.of_family(family::kDepth).front()] = 2;
  const Genome bare = space.canonical(genome);
  genome[decision_of(space, "group2")] = 0;
  genome[decision_of(space, "kernel of layer3")] = 0;
  EXPECT_EQ(space.canonical(genome), bare);
  const auto settings = space.layer_settings(bare);
  for (const std::size_t layer : {1, 2, 3}) EXPECT_TRUE(settings[layer].gone);
  EXPECT_FALSE(settings[4].gone);
}

TEST(KernelsLever, a_smaller_kernel_is_said_by_its_layers_name) {
  const Space space = space_of();
  Genome genome = space.original();
  genome[decision_of(space, "kernel of layer4")] = 0;
  EXPECT_EQ(space.plan_of(genome).kernels, (std::map<std::string, int>{{"layer4", 3}}));
  EXPECT_DOUBLE_EQ(space.layer_settings(genome)[4].taps, 9.0 / 25);
}

TEST(DepthLever, plans_and_genomes_are_two_spellings_and_equal_plans_one_genome) {
  const Space space = space_of();
  std::mt19937 rng(4);
  std::map<std::string, Genome> by_plan;
  int skipped = 0;
  for (int i = 0; i < 2000; ++i) {
    Genome genome = space.original();
    for (std::size_t d = 0; d < genome.choices.size(); ++d) {
      if (rng() % 3 == 0) {
        genome[d] = static_cast<int>(rng() % static_cast<unsigned>(space.decisions()[d].choices));
      }
    }
    genome = space.canonical(genome);
    EXPECT_EQ(space.canonical(genome), genome);
    const Plan plan = space.plan_of(genome);
    skipped += plan.skip.empty() ? 0 : 1;
    const auto back = space.genome_of(plan);
    ASSERT_TRUE(back.has_value()) << back.error().message;
    EXPECT_EQ(back.value(), genome);
    const auto [at, first] = by_plan.emplace(wire::plan_sha256(plan), genome);
    EXPECT_EQ(at->second, genome);
  }
  EXPECT_GT(skipped, 100);
}

TEST(DepthLever, without_what_was_measured_or_where_a_job_switches_it_off_nothing_is_offered) {
  Guidance none = guidance();
  none.blocks.clear();
  none.kernels.clear();
  none.allocations.clear();
  for (const Space& space : {space_of({}, none), space_of({.depth = false, .kernels = false})}) {
    EXPECT_TRUE(space.of_family(family::kDepth).empty());
    EXPECT_TRUE(space.of_family(family::kKernel).empty());
    Random random(3, 1);
    for (int i = 0; i < 200; ++i) {
      const Plan plan = space.plan_of(draw_mild(space, random, 1));
      EXPECT_TRUE(plan.skip.empty() && plan.kernels.empty());
    }
  }
}

TEST(DepthLever, they_come_last_so_that_what_is_stored_keeps_its_meaning) {
  Guidance none = guidance();
  none.blocks.clear();
  none.kernels.clear();
  none.allocations.pop_back();
  const Space before = space_of({}, none), now = space_of();
  ASSERT_LT(before.decisions().size(), now.decisions().size());
  for (std::size_t i = 0; i < before.decisions().size(); ++i) {
    EXPECT_EQ(now.decisions()[i].name, before.decisions()[i].name);
  }
}

TEST(Seeds, blocks_kernels_and_allocations_of_all_three_are_tried_first) {
  const Space space = space_of();
  int skips = 0, kernels = 0, mixed = 0;
  for (const Genome& seed : seeds(space)) {
    const Plan plan = space.plan_of(seed);
    skips += !plan.skip.empty();
    kernels += !plan.kernels.empty();
    mixed += plan.skip == std::set<std::string>{"layer1"} &&
             plan.kernels == std::map<std::string, int>{{"layer4", 3}} &&
             plan.widths == std::map<std::string, int>{{"group5", 16}};
  }
  EXPECT_GE(skips, 2);
  EXPECT_GE(kernels, 2);
  EXPECT_GE(mixed, 1);
}

TEST(Seeds, an_allocation_that_guidance_calls_broken_is_drawn_and_no_seed) {
  Guidance broken = guidance();
  broken.allocations.back().damage = 0.9;
  const Space space = space_of({}, broken);
  const auto is_mixed = [&](const Genome& genome) {
    const Plan plan = space.plan_of(genome);
    return !plan.skip.empty() && !plan.kernels.empty() && plan.widths.contains("group5");
  };
  EXPECT_TRUE(std::ranges::none_of(seeds(space), is_mixed));
  Random random(2, 1);
  int drawn = 0;
  for (int i = 0; i < 200; ++i) drawn += is_mixed(draw_mild(space, random, 1)) ? 1 : 0;
  EXPECT_GT(drawn, 0);
}

TEST(Draw, some_draws_leave_out_blocks_and_shrink_kernels) {
  const Space space = space_of();
  Random random(7, 1);
  int skips = 0, kernels = 0;
  for (int i = 0; i < 400; ++i) {
    const Plan plan = space.plan_of(draw_mild(space, random, 1));
    skips += !plan.skip.empty();
    kernels += !plan.kernels.empty();
  }
  EXPECT_GT(skips, 40);
  EXPECT_GT(kernels, 40);
}

TEST(DepthLever, a_block_that_is_not_offered_is_in_no_plan_of_the_space) {
  const Space space = space_of();
  Plan plan = space.plan_of(space.original());
  plan.skip = {"layer6"};
  const auto genome = space.genome_of(plan);
  ASSERT_FALSE(genome.has_value());
  EXPECT_THAT(genome.error().message, HasSubstr("not in this space"));
}

TEST(DepthLever, it_is_told_in_words) {
  const Space space = space_of();
  Plan plan = space.plan_of(space.original());
  plan.skip = {"layer1", "layer3"};
  plan.kernels = {{"layer4", 3}};
  EXPECT_THAT(describe(plan, model()), HasSubstr("2 blocks skipped, 1 kernel smaller"));
}

}  // namespace
}  // namespace pare::search
