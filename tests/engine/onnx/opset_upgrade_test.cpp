#include "engine/onnx/opset_upgrade.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/executor/observe.h"
#include "tests/support/graph_builder.h"
#include "tests/support/run_graph.h"

namespace pare::engine {
namespace {

using test::GraphBuilder;

// Whose meaning, not only whose form, changed at 13: Softmax joined all axes behind its own.
Graph old_graph() {
  GraphBuilder b(1, 11);
  const auto x = b.conv(b.input({1, 3, 4, 4}), {.channels = 4});
  const auto parts =
      b.node("Split", {x}, {{1, 3, 4, 4}, {1, 1, 4, 4}},
             {{"axis", std::int64_t{1}}, {"split", std::vector<std::int64_t>{3, 1}}});
  const auto softmax = b.node("Softmax", {parts[0]}, {{1, 3, 4, 4}}, {{"axis", std::int64_t{1}}});
  b.output(softmax[0]);
  b.output(b.node("Squeeze", {parts[1]}, {{1, 4, 4}}, {{"axes", std::vector<std::int64_t>{1}}})[0]);
  return b.build();
}

TEST(UpgradeOpset, keeps_results_and_names_where_operators_changed) {
  const Graph graph = old_graph();
  const auto upgraded = upgrade_opset(graph, observe(graph).value(), 13);
  ASSERT_TRUE(upgraded) << upgraded.error().message;
  EXPECT_EQ(upgraded.value().opset, 13);
  EXPECT_EQ(upgraded.value().outputs, graph.outputs);
  for (const Node& node : graph.nodes) {
    const Node* kept = find_node(upgraded.value(), node.name);
    ASSERT_NE(kept, nullptr) << node.name;
    EXPECT_EQ(kept->outputs.size(), node.outputs.size()) << node.name;
  }
  EXPECT_EQ(find_node(upgraded.value(), "squeeze_0")->inputs.size(), 2U);
  EXPECT_LT(test::largest_error(test::run_graph(upgraded.value()), test::run_graph(graph)), 1e-6);
}

TEST(UpgradeOpset, leaves_a_graph_that_is_new_enough_alone) {
  const Graph graph = old_graph();
  EXPECT_EQ(upgrade_opset(graph, {}, 11).value(), graph);
  EXPECT_EQ(upgrade_opset(graph, {}, 9).value(), graph);
}

TEST(UpgradeOpset, says_so_where_there_is_no_way) {
  const Graph graph = old_graph();
  const auto upgraded = upgrade_opset(graph, observe(graph).value(), 99);
  ASSERT_FALSE(upgraded);
  EXPECT_EQ(upgraded.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(upgraded.error().message, testing::HasSubstr("opset 11 cannot become 99"));
}

}  // namespace
}  // namespace pare::engine
