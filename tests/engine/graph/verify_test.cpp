#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "engine/graph/graph.h"
#include "tests/support/graph_builder.h"

namespace pare::engine {
namespace {

using test::GraphBuilder;
using testing::HasSubstr;

Graph small_graph() {
  GraphBuilder b;
  const auto x = b.conv(b.input({1, 3, 8, 8}), {.channels = 4});
  b.output(b.relu(b.add(x, b.conv(x, {.channels = 4}))));
  return b.build();
}

struct Fault {
  const char* name;
  std::function<void(Graph&)> break_it;
  const char* message;
};

class Verify : public testing::TestWithParam<Fault> {};

TEST_P(Verify, names_what_is_wrong) {
  Graph graph = small_graph();
  ASSERT_TRUE(verify(graph));
  GetParam().break_it(graph);
  const auto verified = verify(graph);
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(verified.error().message, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Faults, Verify,
    testing::Values(Fault{"dangling", [](Graph& g) { g.nodes[0].inputs[0] = "ghost"; },
                          "node \"conv_0\" (Conv) reads tensor \"ghost\", which nothing makes"},
                    Fault{"captured",
                          [](Graph& g) {
                            g.nodes[0].attributes["g"] = OpaqueAttribute{"", {"gone"}};
                          },
                          "reads tensor \"gone\""},
                    Fault{"node_twice", [](Graph& g) { g.nodes[1].name = "conv_0"; },
                          "two nodes have the name \"conv_0\""},
                    Fault{"tensor_twice", [](Graph& g) { g.nodes[1].outputs[0] = "conv_0"; },
                          "tensor \"conv_0\", made by node \"conv_1\", exists already"},
                    Fault{"input_is_constant", [](Graph& g) { g.constants["images"] = {}; },
                          "\"images\" is both a graph input and a constant"},
                    Fault{"no_output", [](Graph& g) { g.outputs[0].name = "ghost"; },
                          "graph output \"ghost\" is made by nothing"},
                    Fault{"makes_nothing", [](Graph& g) { g.nodes[3].outputs = {""}; },
                          "node \"relu_0\" makes no tensor"},
                    Fault{"unnamed", [](Graph& g) { g.nodes[0].name = ""; },
                          "a node of type Conv has no name"},
                    Fault{"order", [](Graph& g) { std::swap(g.nodes[0], g.nodes[1]); },
                          "node \"conv_1\" runs before tensor \"conv_0\" is made"}),
    [](const auto& param) { return param.param.name; });

TEST(SortTopologically, finds_an_order_for_shuffled_nodes_and_leaves_a_good_one_alone) {
  const Graph graph = small_graph();
  Graph shuffled = graph;
  std::ranges::reverse(shuffled.nodes);
  EXPECT_FALSE(verify(shuffled));
  shuffled.nodes = sort_topologically(shuffled).value();
  EXPECT_TRUE(verify(shuffled));
  EXPECT_EQ(sort_topologically(graph).value(), graph.nodes);
}

TEST(SortTopologically, names_a_node_behind_a_cycle) {
  Graph graph = small_graph();
  graph.nodes[1].inputs[0] = graph.nodes[2].outputs[0];
  const auto sorted = sort_topologically(graph);
  ASSERT_FALSE(sorted);
  EXPECT_THAT(sorted.error().message, HasSubstr("node \"conv_1\" is on, or behind, a cycle"));
}

TEST(Edges, list_a_reader_once_and_count_what_a_subgraph_captures) {
  Graph graph = small_graph();
  graph.nodes[2].inputs = {"conv_0", "conv_0"};
  graph.nodes[3].attributes["body"] = OpaqueAttribute{"", {"conv_0"}};
  const Edges edges = edges_of(graph);
  EXPECT_EQ(edges.producer.find("conv_0")->second, 0U);
  EXPECT_THAT(edges.consumers.find("conv_0")->second, testing::ElementsAre(1, 2, 3));
}

TEST(FreshName, is_the_wanted_one_or_numbered) {
  const Graph graph = small_graph();
  EXPECT_EQ(fresh_name(graph, "new"), "new");
  EXPECT_EQ(fresh_name(graph, "conv_0"), "conv_0_1");  // a node
  EXPECT_EQ(fresh_name(graph, "conv_0.weight"), "conv_0.weight_1");
}

}  // namespace
}  // namespace pare::engine
