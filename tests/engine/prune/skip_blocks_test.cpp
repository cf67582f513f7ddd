#include "engine/prune/skip_blocks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/executor/openvino_runner.h"
#include "engine/ops/all_ops.h"
#include "engine/prune/importance.h"
#include "engine/prune/skip_fit.h"
#include "tests/engine/prune/calibrated.h"
#include "tests/engine/prune/pruning_check.h"
#include "tests/support/graph_builder.h"

namespace pare::engine::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr unsigned kImages = 8;

std::string bottleneck(GraphBuilder& b, const std::string& x, int channels,
                       const std::string& name) {
  const std::string inner =
      b.silu(b.conv(x, {.channels = channels, .kernel = 1, .name = name + "/1"}));
  return b.silu(b.conv(inner, {.channels = channels, .kernel = 3, .name = name + "/2"}));
}

// Two residual bottlenecks beside a branch that leads past them, read by one convolution.
Analysed residual_stage() {
  GraphBuilder b(5);
  const std::string stem = b.silu(b.conv(b.input({1, 3, 12, 12}), {.channels = 16}));
  std::string x = b.silu(b.conv(stem, {.channels = 16, .kernel = 1, .name = "in"}));
  for (const char* name : {"a", "b"}) x = b.add(x, bottleneck(b, x, 16, name));
  const std::string past = b.silu(b.conv(stem, {.channels = 8, .kernel = 1, .name = "past"}));
  const std::string read =
      b.silu(b.conv(b.concat({x, past}), {.channels = 16, .kernel = 1, .name = "read"}));
  b.output(b.conv(read, {.channels = 6, .name = "head"}));
  return analyse(b.build());
}

struct Measured {
  Analysed model;
  std::vector<SkipStage> stages;
  Statistics statistics;
};

Measured measure(Analysed model) {
  Measured m{std::move(model), {}, {}};
  m.stages = offered_stages(m.model.graph, m.model.observed, all_ops(), m.model.groups).value();
  const SkipProbe probe = skip_probe(m.model.graph, m.model.observed, m.stages).value();
  auto grams =
      GramCollector::make(m.model.graph, m.model.observed, m.model.groups, {}, probe.joint).value();
  const auto runner = make_openvino_runner(probe.graph, grams.tensors()).value();
  for (unsigned seed = 0; seed < kImages; ++seed) {
    EXPECT_TRUE(grams.add_image(runner->run({calibration_image(m.model.graph, seed)}).value()));
  }
  m.statistics = grams.finish().value();
  return m;
}

Result<SkippedBody> skip(const Measured& m, const std::set<std::string>& names,
                         const ReconstructOptions& options = {}) {
  const auto levels = skip_levels(m.stages, names);
  if (!levels) return levels.error();
  return skip_blocks(m.model.graph, m.model.observed, m.statistics, m.stages, levels.value(),
                     options);
}

std::vector<std::string> names_of(const SkipStage& stage) {
  std::vector<std::string> names;
  for (const SkipBlock& block : stage.blocks) names.push_back(block.name);
  return names;
}

std::vector<Shape> run_shape(const Graph& graph) {
  std::vector<Shape> shapes;
  for (const Tensor& output : outputs_of(graph, 1)) shapes.push_back(output.shape());
  return shapes;
}

// The mean difference over the calibration images, relative.
double error_over_images(const Graph& actual, const Graph& expected) {
  double total = 0;
  for (unsigned seed = 0; seed < kImages; ++seed) total += difference(actual, expected, seed);
  return total / kImages;
}

TEST(SkipBlocks, residual_branches_of_a_stage_go_from_the_last_one_backwards) {
  const Measured m = measure(residual_stage());
  ASSERT_FALSE(m.stages.empty());
  EXPECT_THAT(names_of(m.stages[0]), ElementsAre("b/1", "a/1"));
  ASSERT_EQ(m.stages[0].readers.size(), 1U);
  EXPECT_EQ(m.model.graph.nodes[m.stages[0].readers[0]].name, "read");
}

TEST(SkipBlocks, a_bottleneck_without_a_shortcut_is_a_block_of_each_its_layers) {
  GraphBuilder b(3);
  const std::string stem = b.silu(b.conv(b.input({1, 3, 12, 12}), {.channels = 12}));
  b.output(b.conv(bottleneck(b, stem, 8, "a"), {.channels = 6, .kernel = 1, .name = "head"}));
  const Measured m = measure(analyse(b.build()));
  ASSERT_EQ(m.stages.size(), 1U);
  EXPECT_THAT(names_of(m.stages[0]), ElementsAre("a/2", "a/1"));
  const SkippedBody less = skip(m, {"a/1", "a/2"}).value();
  EXPECT_EQ(less.graph.nodes.size(), m.model.graph.nodes.size() - 6);
  EXPECT_EQ(less.graph.constants.at(find_node(less.graph, "head")->inputs[1]).shape(),
            (Shape{6, 12, 1, 1}));
  EXPECT_EQ(run_shape(less.graph), run_shape(m.model.graph));
}

TEST(SkipBlocks, what_a_concatenation_holds_already_is_read_once) {
  GraphBuilder b(3);
  const std::string stem = b.silu(b.conv(b.input({1, 3, 12, 12}), {.channels = 8, .name = "stem"}));
  const std::string next = b.add(stem, bottleneck(b, stem, 8, "a"));
  b.output(b.conv(b.concat({stem, next}), {.channels = 6, .kernel = 1, .name = "head"}));
  const Measured m = measure(analyse(b.build()));
  const SkippedBody less = skip(m, {"a/1"}).value();
  EXPECT_EQ(less.graph.constants.at(find_node(less.graph, "head")->inputs[1]).shape(),
            (Shape{6, 8, 1, 1}));
  EXPECT_EQ(less.joined.size(), 1U);
  EXPECT_EQ(run_shape(less.graph), run_shape(m.model.graph));
}

TEST(SkipBlocks, a_branch_that_is_linear_in_what_is_read_instead_loses_nothing) {
  for (unsigned seed = 0; seed < 5; ++seed) {
    GraphBuilder b(seed);
    const std::string stem =
        b.silu(b.conv(b.input({1, 3, 12, 12}), {.channels = 8, .name = "stem"}));
    const std::string branch = b.conv(b.conv(stem, {.channels = 12, .kernel = 1, .name = "a"}),
                                      {.channels = 8, .kernel = 1, .name = "b"});
    b.output(b.conv(b.add(stem, branch), {.channels = 6, .kernel = 1, .name = "head"}));
    const Measured m = measure(analyse(b.build()));
    ASSERT_EQ(m.stages.size(), 1U);
    const ReconstructOptions exactly{.ridge = 1e-7};
    const Graph less = skip(m, {"a"}, exactly).value().graph;
    EXPECT_LT(error_over_images(less, m.model.graph), 1e-3) << "seed " << seed;
  }
}

TEST(SkipBlocks, the_result_is_the_network_that_never_had_the_block) {
  const Measured m = measure(residual_stage());
  const SkippedBody less = skip(m, {"b/1"}).value();
  GraphBuilder b(5);
  const std::string stem = b.silu(b.conv(b.input({1, 3, 12, 12}), {.channels = 16}));
  std::string x = b.silu(b.conv(stem, {.channels = 16, .kernel = 1, .name = "in"}));
  x = b.add(x, bottleneck(b, x, 16, "a"));
  const std::string past = b.silu(b.conv(stem, {.channels = 8, .kernel = 1, .name = "past"}));
  const std::string read =
      b.silu(b.conv(b.concat({x, past}), {.channels = 16, .kernel = 1, .name = "read"}));
  b.output(b.conv(read, {.channels = 6, .name = "head"}));
  Graph by_hand = b.build();
  ASSERT_EQ(less.graph.nodes.size(), by_hand.nodes.size());
  for (Node& node : by_hand.nodes) {  // the weights that the other one has
    if (node.op != "Conv") continue;
    const Node* const same = find_node(less.graph, node.name);
    ASSERT_NE(same, nullptr) << node.name;
    for (const std::size_t i : {1, 2}) {
      by_hand.constants[node.inputs[i]] = less.graph.constants.at(same->inputs[i]);
    }
  }
  EXPECT_LT(difference(less.graph, by_hand, 3), 1e-6);
  ASSERT_TRUE(verify(less.graph));
}

TEST(SkipBlocks, folding_is_better_than_leaving_the_branch_out) {
  const Measured m = measure(residual_stage());
  const SkippedBody less = skip(m, {"b/1", "a/1"}).value();
  const SkipLevels both = skip_levels(m.stages, {"b/1", "a/1"}).value();
  const Graph plain = without_blocks(m.model.graph, m.model.observed, m.stages, both).graph;
  EXPECT_LT(error_over_images(less.graph, m.model.graph),
            0.7 * error_over_images(plain, m.model.graph));
}

TEST(SkipBlocks, what_is_left_is_pruned_as_if_it_had_come_so) {
  const Measured m = measure(residual_stage());
  SkippedBody less = skip(m, {"b/1"}).value();
  Analysed left{std::move(less.graph), std::move(less.observed), {}};
  left.groups = find_groups(left.graph, left.observed, all_ops()).value();
  for (unsigned seed = 0; seed < 5; ++seed) {
    const UnitOrders orders = random_orders(left.groups, seed);
    const auto removed =
        select_units(left.groups, random_widths(left.groups, seed), orders).value();
    EXPECT_LT(compare_with_muted(left, removed, seed).error, 1e-5);
    ASSERT_TRUE(reconstruct(left.graph, left.groups, removed, less.statistics));
  }
  for (const Group& group : left.groups.groups) EXPECT_THAT(group.name, Not(HasSubstr("b/")));
}

TEST(SkipBlocks, an_output_that_more_than_convolutions_read_stays) {
  GraphBuilder b(3);
  const std::string stem =
      b.silu(b.conv(b.input({1, 3, 12, 12}), {.channels = 8, .stride = 2, .name = "stem"}));
  const std::string next = b.add(stem, bottleneck(b, stem, 8, "a"));
  b.output(b.conv(next, {.channels = 6, .kernel = 1, .name = "head"}));
  b.output(b.relu(next));
  const Measured m = measure(analyse(b.build()));
  EXPECT_THAT(m.stages, IsEmpty());
}

TEST(SkipBlocks, a_block_before_one_that_stays_and_an_unknown_one_are_refused_by_name) {
  const Measured m = measure(residual_stage());
  const auto early = skip(m, {"a/1"});
  ASSERT_FALSE(early);
  EXPECT_THAT(early.error().message, HasSubstr("block a/1 cannot be skipped while b/1"));
  const auto unknown = skip(m, {"c"});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().message, "the model has no block c that can be skipped");
}

TEST(SkipBlocks, statistics_of_before_are_refused_with_the_name_of_the_block) {
  Measured m = measure(residual_stage());
  m.statistics = statistics_of(m.model, 2);
  const auto skipped = skip(m, {"b/1"});
  ASSERT_FALSE(skipped);
  EXPECT_THAT(skipped.error().message, HasSubstr("skipping block b/1: prepare anew"));
}

}  // namespace
}  // namespace pare::engine::test
