#include "engine/prune/allocation.h"

#include <gtest/gtest.h>

#include <array>

#include "engine/executor/observe.h"
#include "engine/ops/all_ops.h"
#include "engine/prune/skip_blocks.h"
#include "tests/engine/prune/calibrated.h"
#include "tests/engine/prune/random_network.h"
#include "tests/support/graph_builder.h"

namespace pare::engine::test {
namespace {

std::int64_t macs_of(const Graph& graph) {
  const Observation observed = observe(graph).value();
  std::int64_t total = 0;
  for (const Node& node : graph.nodes) {
    if (node.op != "Conv" && node.op != "ConvTranspose" && node.op != "Gemm") continue;
    const NodeFacts facts = facts_of(node, graph, observed).value();
    total += find_op(all_ops(), node.op)->macs(facts.view(node, graph.opset));
  }
  return total;
}

WidthCosts costs_of(const Analysed& m, const UnitOrders& orders) {
  return WidthCosts::make(m.graph, m.observed, all_ops(), m.groups, orders).value();
}

TEST(WidthCosts, macs_of_any_widths_are_those_of_the_pruned_graph) {
  int plans = 0;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const Analysed m = analyse(random_network(seed));
    const UnitOrders orders = random_orders(m.groups, seed);
    const WidthCosts costs = costs_of(m, orders);
    const auto widths = random_widths(m.groups, seed);
    const RemovedUnits removed = select_units(m.groups, widths, orders).value();
    const auto pruned = prune(m.graph, m.observed, all_ops(), m.groups, removed);
    ASSERT_TRUE(pruned) << pruned.error().message;
    EXPECT_EQ(costs.macs({}), macs_of(m.graph));
    EXPECT_EQ(costs.macs(widths), macs_of(pruned.value().graph)) << "seed " << seed;
    plans += !widths.empty();
  }
  EXPECT_GT(plans, 10);
}

// Blocks and kernels beside widths.
struct WithParts {
  Analysed model;
  std::vector<SkipStage> stages;
  UnitOrders orders;
  WidthCosts costs;
};

WithParts with_parts(unsigned seed) {
  GraphBuilder b(seed);
  std::string x = b.silu(b.conv(b.input({1, 3, 12, 12}), {.channels = 24, .name = "stem"}));
  for (const char* name : {"a", "b"}) {
    const std::string inner = b.silu(b.conv(x, {.channels = 16, .kernel = 1, .name = name}));
    x = b.add(x, b.silu(b.conv(inner, {.channels = 24, .name = std::string(name) + "/2"})));
  }
  const std::string neck = b.silu(b.conv(x, {.channels = 16, .kernel = 1, .name = "neck"}));
  const std::string deep =
      b.silu(b.conv(neck, {.channels = 16, .kernel = 5, .groups = 16, .name = "deep"}));
  b.output(b.conv(deep, {.channels = 6, .kernel = 1, .name = "last"}));
  WithParts made{analyse(b.build()), {}, {}, {}};
  const Analysed& m = made.model;
  made.stages = offered_stages(m.graph, m.observed, all_ops(), m.groups).value();
  made.orders = random_orders(m.groups, seed);
  made.costs = costs_of(m, made.orders);
  for (const SkipStage& stage : made.stages) {
    std::vector<WidthCosts> levels;
    for (std::size_t k = 1; k <= stage.blocks.size(); ++k) {
      const auto less = without_blocks(m.graph, m.observed, {stage}, {static_cast<int>(k)});
      const auto groups = find_groups(less.graph, less.observed, all_ops()).value();
      levels.push_back(
          WidthCosts::make(less.graph, less.observed, all_ops(), groups, made.orders).value());
    }
    made.costs.add_stage(levels);
  }
  made.costs.add_kernel("deep", 5);
  return made;
}

TEST(WidthCosts, macs_of_any_blocks_and_widths_are_those_of_the_network_without_them) {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    const WithParts parts = with_parts(seed);
    const Analysed& m = parts.model;
    ASSERT_GE(parts.stages.size(), 2U);
    SkipLevels levels;
    for (const SkipStage& stage : parts.stages) {
      levels.push_back(static_cast<int>(seed % (stage.blocks.size() + 1)));
    }
    const auto less = without_blocks(m.graph, m.observed, parts.stages, levels);
    Analysed left = analyse(less.graph);
    auto widths = random_widths(left.groups, seed);
    const RemovedUnits removed = select_units(left.groups, widths, parts.orders).value();
    const auto pruned = prune(left.graph, left.observed, all_ops(), left.groups, removed);
    WidthCosts::Choice choice = parts.costs.whole();
    choice.skipped = levels;
    for (std::size_t g = 0; g < m.groups.groups.size(); ++g) {
      const auto width = widths.find(m.groups.groups[g].name);
      if (width != widths.end()) choice.widths[g] = width->second;
    }
    EXPECT_EQ(parts.costs.macs_of(choice), macs_of(pruned.value().graph)) << "seed " << seed;
  }
}

TEST(Allocation, takes_the_block_or_kernel_that_costs_less_than_any_width) {
  const WithParts parts = with_parts(3);
  Ranking ranking{parts.orders, {}};
  for (const Group& group : parts.model.groups.groups) {
    ranking.damage[group.name].assign(group.units.size() + 1, 10);
  }
  PartChoices choices;
  for (const SkipStage& stage : parts.stages) {
    StageSensitivity& row = choices.blocks.emplace_back();
    for (const SkipBlock& block : stage.blocks) {
      row.blocks.push_back(block.name);
      row.damage.push_back(block.name == "b" ? 0.01 : 100);
      row.macs_saved.push_back(0);
    }
  }
  choices.kernels = {{"deep", {3}, {1e-6}, {0}}};
  const std::array savings = {0.01, 0.3};
  const auto found = allocate(parts.model.groups, parts.costs, ranking, savings, {}, choices);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].kernels, (std::map<std::string, int>{{"deep", 3}}));
  EXPECT_TRUE(found[0].skip.empty() && found[0].widths.empty());
  EXPECT_EQ(found[1].skip, (std::set<std::string>{"b"}));
  EXPECT_NEAR(found[1].damage, 0.010001, 1e-9);
}

// A chain of wide convolutions: many groups, something to share out.
Analysed chain() {
  GraphBuilder b(5);
  std::string x = b.input({1, 3, 12, 12});
  int layer = 0;
  for (const int channels : {32, 48, 20, 64, 40}) {
    x = b.silu(b.conv(x, {.channels = channels,
                          .kernel = layer % 2 == 0 ? 1 : 3,
                          .name = "layer" + std::to_string(layer)}));
    ++layer;
  }
  b.output(b.conv(x, {.channels = 6, .kernel = 1, .name = "last"}));
  return analyse(b.build());
}

TEST(Allocation, saves_what_was_asked_in_blocks_and_keeps_a_quarter) {
  const Analysed m = chain();
  const Ranking ranking = rank_by_gram(m.graph, m.groups, statistics_of(m, 4)).value();
  const WidthCosts costs = costs_of(m, ranking.orders);
  const std::array savings = {0.05, 0.1, 0.3, 0.6};
  const auto allocations = allocate(m.groups, costs, ranking, savings);
  ASSERT_EQ(allocations.size(), savings.size());
  const auto full = static_cast<double>(costs.macs({}));
  for (std::size_t i = 0; i < savings.size(); ++i) {
    const Allocation& a = allocations[i];
    const double saved = 1 - static_cast<double>(costs.macs(a.widths)) / full;
    EXPECT_GE(saved, savings[i]);
    EXPECT_NEAR(a.macs_saved, saved, 1e-12);
    double damage = 0;
    for (const Group& group : m.groups.groups) {
      const auto width = a.widths.find(group.name);
      if (width == a.widths.end()) continue;
      EXPECT_EQ(width->second % 8, 0);
      EXPECT_GE(4 * width->second, static_cast<int>(group.units.size()));
      EXPECT_LT(width->second, static_cast<int>(group.units.size()));
      damage += ranking.damage.at(group.name)[static_cast<std::size_t>(width->second)];
    }
    EXPECT_NEAR(a.damage, damage, 1e-9);
    if (i > 0) {
      EXPECT_GE(a.damage, allocations[i - 1].damage);
    }
    // One block wider anywhere in the group that was narrowed last would miss the goal; so no
    // allocation overshoots by more than the largest block.
    EXPECT_LT(saved, savings[i] + 0.25);
  }
}

TEST(Allocation, what_cannot_be_reached_is_left_out) {
  const Analysed m = chain();
  const Ranking ranking = rank_by_gram(m.graph, m.groups, statistics_of(m, 4)).value();
  const std::array savings = {0.2, 0.999};
  EXPECT_EQ(allocate(m.groups, costs_of(m, ranking.orders), ranking, savings).size(), 1U);
}

// The first block of one group is dearer than any block of the other, and all behind it is nearly
// free: taken together they are the cheapest, down to a quarter of the group and no further.
TEST(Allocation, cheap_blocks_behind_a_dear_one_are_found_and_a_quarter_stays) {
  GraphBuilder b(5);
  std::string x = b.conv(b.input({1, 3, 8, 8}), {.channels = 64, .kernel = 1, .name = "cheap"});
  x = b.conv(b.relu(x), {.channels = 32, .kernel = 1, .name = "dear"});
  b.output(b.conv(b.relu(x), {.channels = 4, .kernel = 1, .name = "last"}));
  const Analysed m = analyse(b.build());
  Ranking ranking;
  for (int u = 0; u < 64; ++u) ranking.orders["cheap"].push_back(u);
  for (int u = 0; u < 32; ++u) ranking.orders["dear"].push_back(u);
  for (int w = 0; w <= 64; ++w) {
    ranking.damage["cheap"].push_back(w == 64 ? 0 : w >= 56 ? 0.1 : 0.105);
  }
  for (int w = 0; w <= 32; ++w) ranking.damage["dear"].push_back(0.01 * (32 - w));
  const std::array savings = {0.3, 0.7, 0.75};
  const auto allocations = allocate(m.groups, costs_of(m, ranking.orders), ranking, savings);
  ASSERT_EQ(allocations.size(), 3U);
  using Widths = std::map<std::string, int>;
  EXPECT_EQ(allocations[0].widths, (Widths{{"cheap", 40}}));
  EXPECT_EQ(allocations[1].widths, (Widths{{"cheap", 16}}));
  EXPECT_EQ(allocations[2].widths, (Widths{{"cheap", 16}, {"dear", 24}}));
}

// A block of the first group costs twice as much and saves many times as much.
TEST(Allocation, damage_counts_for_each_mac_saved) {
  GraphBuilder b(5);
  const std::string x = b.input({1, 3, 16, 16});
  std::string wide = b.relu(b.conv(x, {.channels = 32, .kernel = 3, .name = "wide"}));
  wide = b.conv(wide, {.channels = 32, .kernel = 3, .name = "last"});
  std::string small =
      b.relu(b.conv(x, {.channels = 32, .kernel = 1, .stride = 4, .name = "small"}));
  b.output(wide);
  b.output(b.conv(small, {.channels = 4, .kernel = 1, .name = "other"}));
  const Analysed m = analyse(b.build());
  Ranking ranking;
  for (const char* name : {"small", "wide"}) {
    for (int u = 0; u < 32; ++u) ranking.orders[name].push_back(u);
    for (int w = 0; w <= 32; ++w) {
      ranking.damage[name].push_back((name[0] == 'w' ? 0.002 : 0.001) * (32 - w));
    }
  }
  const std::array some = {0.2};
  const auto allocations = allocate(m.groups, costs_of(m, ranking.orders), ranking, some);
  ASSERT_EQ(allocations.size(), 1U);
  EXPECT_EQ(allocations[0].widths, (std::map<std::string, int>{{"wide", 24}}));
}

TEST(Allocation, sensitivities_rise_as_the_width_falls_and_say_what_is_saved) {
  const Analysed m = chain();
  const Ranking ranking = rank_by_gram(m.graph, m.groups, statistics_of(m, 4)).value();
  const WidthCosts costs = costs_of(m, ranking.orders);
  const auto all = sensitivities(m.groups, costs, ranking);
  ASSERT_EQ(all.size(), 5U);
  for (const GroupSensitivity& group : all) {
    ASSERT_EQ(group.widths.size(), group.damage.size());
    for (std::size_t i = 0; i < group.widths.size(); ++i) {
      EXPECT_EQ(group.widths[i], static_cast<int>(8 * (i + 1)));
      EXPECT_GT(group.damage[i], 0);
      EXPECT_EQ(group.macs_saved[i], costs.macs({}) - costs.macs({{group.group, group.widths[i]}}));
      if (i == 0) continue;
      EXPECT_LT(group.damage[i], group.damage[i - 1]);
      EXPECT_LT(group.macs_saved[i], group.macs_saved[i - 1]);
    }
  }
}

}  // namespace
}  // namespace pare::engine::test
