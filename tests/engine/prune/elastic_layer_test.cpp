#include "engine/prune/elastic_layer.h"

#include <gtest/gtest.h>

#include "engine/ops/all_ops.h"
#include "engine/prune/importance.h"
#include "tests/engine/prune/calibrated.h"
#include "tests/engine/prune/pruning_check.h"
#include "tests/support/graph_builder.h"

namespace pare::engine::test {
namespace {

std::span<const float> constant(const Graph& graph, const std::string& layer, std::size_t input) {
  return graph.constants.at(find_node(graph, layer)->inputs[input]).values<float>();
}

Analysed network() {
  GraphBuilder b(7);
  const std::string stem =
      b.silu(b.conv(b.input({1, 3, 10, 10}), {.channels = 16, .name = "stem"}));
  const std::string deep =
      b.silu(b.conv(stem, {.channels = 16, .kernel = 3, .groups = 16, .name = "deep"}));
  const std::string wide = b.silu(b.conv(deep, {.channels = 12, .kernel = 3, .name = "wide"}));
  b.output(b.conv(wide, {.channels = 6, .kernel = 1, .name = "last"}));
  return analyse(b.build());
}

std::size_t place(const Graph& graph, const std::string& layer) {
  return static_cast<std::size_t>(find_node(graph, layer) - graph.nodes.data());
}

TEST(ElasticLayer, weights_times_the_repair_are_what_reconstruct_and_prune_leave) {
  const Analysed m = network();
  const Statistics statistics = statistics_of(m, 8);
  const UnitOrders orders = rank_units(m.graph, m.groups, Importance::kGram, statistics).value();
  const RemovedUnits removed = select_units(m.groups, {{"stem", 9}, {"wide", 7}}, orders).value();
  const Graph repaired = reconstruct(m.graph, m.groups, removed, statistics).value();
  const Graph pruned = prune(repaired, m.observed, all_ops(), m.groups, removed).value().graph;
  for (const std::string name : {"stem", "deep", "wide", "last"}) {
    const std::size_t n = place(m.graph, name);
    ASSERT_TRUE(is_elastic_layer(m.graph, m.graph.nodes[n]));
    const LayerInPlan layer = layer_in_plan(m.graph, m.groups, n, removed, statistics).value();
    const auto w = constant(m.graph, name, 1), b = constant(m.graph, name, 2);
    const auto expected = constant(pruned, name, 1), bias = constant(pruned, name, 2);
    const std::size_t inputs = w.size() / b.size();
    const auto kept = static_cast<Eigen::Index>(expected.size() / layer.rows.size());
    ASSERT_EQ(bias.size(), layer.rows.size()) << name;
    for (std::size_t r = 0; r < layer.rows.size(); ++r) {
      Eigen::RowVectorXd row(inputs + 1);
      const auto from = static_cast<std::size_t>(layer.rows[r]);
      for (std::size_t i = 0; i < inputs; ++i) row(static_cast<int>(i)) = w[from * inputs + i];
      row(static_cast<int>(inputs)) = b[from];
      if (layer.repair.size() > 0) row = (row * layer.repair).eval();
      ASSERT_EQ(row.size(), kept + 1) << name;
      for (Eigen::Index i = 0; i < kept; ++i) {
        EXPECT_NEAR(row(i),
                    expected[r * static_cast<std::size_t>(kept) + static_cast<std::size_t>(i)],
                    1e-5);
      }
      EXPECT_NEAR(row(kept), bias[r], 1e-5) << name;
    }
  }
}

TEST(ElasticLayer, what_stands_before_the_first_loss_of_inputs_is_not_affected) {
  const Analysed m = network();
  const UnitOrders orders = random_orders(m.groups, 1);
  const auto of = [&](const std::map<std::string, int>& widths, const std::string& layer) -> bool {
    const RemovedUnits removed = select_units(m.groups, widths, orders).value();
    return affected_nodes(m.graph, m.groups, removed)[place(m.graph, layer)];
  };
  EXPECT_FALSE(of({{"stem", 9}}, "stem"));
  EXPECT_FALSE(of({{"stem", 9}}, "deep"));  // what it still makes is the original's
  EXPECT_TRUE(of({{"stem", 9}}, "wide"));
  EXPECT_TRUE(of({{"stem", 9}}, "last"));
  EXPECT_FALSE(of({{"wide", 8}}, "wide"));
  EXPECT_TRUE(of({{"wide", 8}}, "last"));
}

}  // namespace
}  // namespace pare::engine::test
