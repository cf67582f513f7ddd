#include "engine/prune/prune.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "engine/ops/all_ops.h"
#include "tests/engine/prune/pruning_check.h"
#include "tests/support/graph_builder.h"

namespace pare::engine::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<int> keep_first(std::vector<int> first, int count) {
  for (int u = 0; u < count; ++u) {
    if (std::ranges::find(first, u) == first.end()) first.push_back(u);
  }
  return first;
}

std::vector<std::string> operators(const Graph& graph) {
  std::vector<std::string> found;
  for (const Node& node : graph.nodes) found.push_back(node.op);
  return found;
}

PrunedGraph pruned(const Analysed& model, const std::map<std::string, int>& widths,
                   const UnitOrders& orders) {
  const auto removed = select_units(model.groups, widths, orders);
  EXPECT_TRUE(removed) << removed.error().message;
  const Comparison comparison = compare_with_muted(model, removed.value(), 1);
  EXPECT_LT(comparison.error, 1e-5);
  return comparison.pruned;
}

Analysed shuffled() {
  GraphBuilder b;
  const std::string stem = b.conv(b.input({1, 3, 8, 8}), {.channels = 8, .name = "stem"});
  b.output(b.conv(b.relu(b.channel_shuffle(stem, 2)), {.channels = 2, .name = "last"}));
  return analyse(b.build());
}

TEST(Prune, a_shuffle_stays_one_where_what_is_left_is_even) {
  const PrunedGraph half =
      pruned(shuffled(), {{"stem", 4}}, {{"stem", keep_first({0, 3, 4, 7}, 8)}});
  EXPECT_THAT(operators(half.graph),
              ElementsAre("Conv", "Reshape", "Transpose", "Reshape", "Relu", "Conv"));
  EXPECT_THAT(half.kept.at("relu_0"), ElementsAre(0, 1, 6, 7));
}

TEST(Prune, a_shuffle_becomes_gathers_where_what_is_left_is_uneven) {
  const PrunedGraph uneven =
      pruned(shuffled(), {{"stem", 5}}, {{"stem", keep_first({0, 1, 2, 5, 6}, 8)}});
  EXPECT_THAT(operators(uneven.graph),
              ElementsAre("Conv", "Gather", "Gather", "Concat", "Relu", "Conv"));
  EXPECT_THAT(uneven.kept.at("stem"), ElementsAre(0, 1, 2, 5, 6));
}

TEST(Prune, names_of_tensors_and_constants_stay) {
  const Analysed model = shuffled();
  const PrunedGraph half = pruned(model, {{"stem", 4}}, {{"stem", keep_first({0, 3, 4, 7}, 8)}});
  EXPECT_EQ(half.graph.constants.at("stem.weight").shape(), (Shape{4, 3, 3, 3}));
  EXPECT_EQ(half.graph.constants.at("last.weight").shape(), (Shape{2, 4, 3, 3}));
  EXPECT_EQ(half.graph.nodes.back().name, "last");
}

TEST(Prune, at_full_width_nothing_changes) {
  const Analysed model = shuffled();
  const auto removed = select_units(model.groups, {{"stem", 8}}, {});
  ASSERT_TRUE(removed);
  const auto same = prune(model.graph, model.observed, all_ops(), model.groups, removed.value());
  ASSERT_TRUE(same);
  EXPECT_EQ(operators(same.value().graph), operators(model.graph));
  EXPECT_TRUE(same.value().kept.empty());
  EXPECT_TRUE(same.value().graph.constants == model.graph.constants);
}

TEST(Prune, a_constant_of_two_layers_is_copied_where_they_lose_different_channels) {
  GraphBuilder b;
  const std::string x = b.input({1, 3, 8, 8});
  const std::string one = b.conv(x, {.channels = 4, .name = "one"});
  const std::string two = b.conv(x, {.channels = 4, .name = "two"});
  b.output(b.conv(b.concat({one, two}), {.channels = 2, .name = "last"}));
  Graph graph = b.build();
  graph.nodes[1].inputs = graph.nodes[0].inputs;  // both convolutions have the same weights
  graph.constants.erase("two.weight");
  graph.constants.erase("two.bias");
  const Analysed model = analyse(std::move(graph));
  const PrunedGraph result =
      pruned(model, {{"one", 2}, {"two", 3}}, {{"one", {0, 1, 2, 3}}, {"two", {3, 2, 1, 0}}});
  EXPECT_EQ(result.graph.nodes[0].inputs[1], "one.weight.of.one");
  EXPECT_EQ(result.graph.nodes[1].inputs[1], "one.weight.of.two");
  EXPECT_FALSE(result.graph.constants.contains("one.weight"));
}

TEST(Prune, flattened_maps_lose_all_positions_of_a_channel) {
  GraphBuilder b;
  const std::string stem = b.conv(b.input({1, 3, 4, 4}), {.channels = 6, .name = "stem"});
  const std::string flat = b.node("Flatten", {stem}, {{1, 96}}, {{"axis", std::int64_t{1}}})[0];
  b.output(b.node("Gemm", {flat, b.constant({5, 96}), b.constant({5})}, {{1, 5}},
                  {{"transB", std::int64_t{1}}}, "full")[0]);
  const Analysed model = analyse(b.build());
  const PrunedGraph result = pruned(model, {{"stem", 2}}, {{"stem", {5, 1, 0, 2, 3, 4}}});
  EXPECT_EQ(result.graph.constants.at(result.graph.nodes[2].inputs[1]).shape(), (Shape{5, 32}));
}

TEST(Prune, split_sizes_follow_where_they_were_left_to_be_equal) {
  GraphBuilder b;
  const std::string stem = b.conv(b.input({1, 3, 4, 4}), {.channels = 6, .name = "stem"});
  const auto halves =
      b.node("Split", {stem}, {{1, 3, 4, 4}, {1, 3, 4, 4}}, {{"axis", std::int64_t{1}}});
  b.output(b.conv(halves[0], {.channels = 2, .name = "left"}));
  b.output(b.conv(halves[1], {.channels = 2, .name = "right"}));
  const Analysed model = analyse(b.build());
  const PrunedGraph result = pruned(model, {{"stem", 3}}, {{"stem", {0, 4, 5, 1, 2, 3}}});
  EXPECT_EQ(result.graph.constants.at("left.weight").shape()[1], 1);
  EXPECT_EQ(result.graph.constants.at("right.weight").shape()[1], 2);

  const auto empty = select_units(model.groups, {{"stem", 3}}, {{"stem", {3, 4, 5, 0, 1, 2}}});
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().message,
            "width 3 for group stem of 6 units would leave a tensor without channels");
}

TEST(Prune, a_split_into_a_number_of_equal_parts_gets_sizes_instead) {
  GraphBuilder b(1, 18);
  const std::string stem = b.conv(b.input({1, 3, 4, 4}), {.channels = 6, .name = "stem"});
  const auto halves =
      b.node("Split", {stem}, {{1, 3, 4, 4}, {1, 3, 4, 4}},
             {{"axis", std::int64_t{1}}, {"num_outputs", std::int64_t{2}}}, "split");
  b.output(b.conv(b.concat({halves[1], halves[0]}), {.channels = 2, .name = "last"}));
  const Analysed model = analyse(b.build());
  const PrunedGraph result = pruned(model, {{"stem", 3}}, {{"stem", {0, 4, 5, 1, 2, 3}}});
  const Node& split = *find_node(result.graph, "split");
  EXPECT_FALSE(split.attributes.contains("num_outputs"));
  EXPECT_EQ(result.graph.constants.at(split.inputs.at(1)),
            Tensor::of<std::int64_t>({2}, std::vector<std::int64_t>{1, 2}));
}

// Half of one group and half of another lie in one slice, and in no tensor of their own.
TEST(Prune, a_tensor_of_parts_of_two_groups_keeps_a_channel) {
  GraphBuilder b;
  const std::string x = b.input({1, 3, 4, 4});
  const std::string one = b.conv(x, {.channels = 4, .name = "one"});
  const std::string two = b.conv(x, {.channels = 4, .name = "two"});
  const std::string middle = b.slice(b.concat({one, two}), 1, 2, 5);
  b.output(b.conv(middle, {.channels = 2, .name = "last"}));
  const Analysed model = analyse(b.build());
  const UnitOrders orders{{"one", {0, 1, 2, 3}}, {"two", {3, 2, 1, 0}}};
  const auto emptied = select_units(model.groups, {{"one", 2}, {"two", 2}}, orders);
  ASSERT_FALSE(emptied);
  EXPECT_EQ(emptied.error().message,
            "width 2 for group one of 4 units would leave a tensor without channels");
  const UnitOrders covering{{"one", {2, 0, 1, 3}}, {"two", {3, 2, 1, 0}}};
  EXPECT_EQ(
      pruned(model, {{"one", 2}, {"two", 2}}, covering).graph.constants.at("last.weight").shape(),
      (Shape{2, 1, 3, 3}));
}

struct BadSelection {
  std::map<std::string, int> widths;
  UnitOrders orders;
  std::string message;
};

TEST(Prune, a_selection_that_makes_no_sense_names_the_group_and_the_value) {
  const Analysed model = shuffled();
  for (const BadSelection& bad : std::vector<BadSelection>{
           {{{"steam", 4}}, {}, "the model has no channel group steam"},
           {{{"stem", 0}}, {}, "width 0 for group stem of 8 units"},
           {{{"stem", 9}}, {}, "width 9 for group stem of 8 units"},
           {{{"stem", 4}}, {}, "group stem of 8 units has no order of importance"},
           {{{"stem", 4}}, {{"stem", {0, 1}}}, "of group stem of 8 units is no permutation"},
           {{{"stem", 4}},
            {{"stem", {0, 0, 1, 2, 3, 4, 5, 6}}},
            "of group stem of 8 units is no permutation"}}) {
    const auto refused = select_units(model.groups, bad.widths, bad.orders);
    ASSERT_FALSE(refused) << bad.message;
    EXPECT_THAT(refused.error().message, HasSubstr(bad.message));
  }
}

}  // namespace
}  // namespace pare::engine::test
