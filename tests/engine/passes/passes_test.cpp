#include "engine/passes/passes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "engine/executor/observe.h"
#include "tests/support/graph_builder.h"
#include "tests/support/run_graph.h"

namespace pare::engine {
namespace {

using test::GraphBuilder;
using test::largest_error;
using test::run_graph;

std::vector<std::string> ops_of(const Graph& graph) {
  std::vector<std::string> ops;
  for (const Node& node : graph.nodes) ops.push_back(node.op);
  return ops;
}

TEST(RemoveDeadEnds, drops_what_no_output_needs_and_its_constants) {
  GraphBuilder b;
  const auto x = b.conv(b.input({1, 3, 8, 8}), {.channels = 4});
  b.conv(x, {.channels = 4, .name = "dead"});
  b.output(b.relu(x));
  const Graph graph = remove_dead_ends(b.build());
  EXPECT_THAT(ops_of(graph), testing::ElementsAre("Conv", "Relu"));
  EXPECT_FALSE(graph.constants.contains("dead.weight"));
  EXPECT_TRUE(verify(graph));
}

TEST(RemoveDeadEnds, keeps_what_only_a_subgraph_reads) {
  GraphBuilder b;
  const auto x = b.relu(b.input({1, 3, 8, 8}));
  const auto captured = b.sigmoid(x);
  b.output(b.node("If", {x}, {{1}}, {{"then_branch", OpaqueAttribute{"", {captured}}}})[0]);
  EXPECT_EQ(remove_dead_ends(b.build()).nodes.size(), 3U);
}

TEST(RemoveIdentities, keeps_the_names_of_outputs_and_what_they_compute) {
  GraphBuilder b;
  const auto x = b.conv(b.input({1, 3, 8, 8}), {.channels = 4});
  const auto same = b.node("Identity", {x}, {b.shape(x)})[0];
  const auto dropped = b.node("Dropout", {same}, {b.shape(x)})[0];
  const auto end = b.relu(dropped);
  const auto out = b.node("Identity", {end}, {b.shape(x)}, {}, "boxes")[0];
  b.output(b.add(dropped, end));
  b.output(out);
  const Graph before = b.build();
  const Graph after = remove_identities(before);
  ASSERT_TRUE(verify(after));
  EXPECT_THAT(ops_of(after), testing::ElementsAre("Conv", "Relu", "Add"));
  EXPECT_EQ(after.outputs[1].name, "boxes");
  EXPECT_EQ(largest_error(run_graph(after), run_graph(before)), 0);
}

TEST(RemoveIdentities, keeps_one_between_input_and_output_and_a_dropout_that_may_train) {
  GraphBuilder b;
  const auto x = b.input({1, 3, 8, 8});
  b.output(b.node("Identity", {x}, {b.shape(x)})[0]);
  const auto train = b.constant(Tensor(DType::kBool, {}, {std::byte{1}}));
  b.output(b.relu(b.node("Dropout", {b.relu(x), "", train}, {b.shape(x)})[0]));
  EXPECT_EQ(remove_identities(b.build()).nodes.size(), 4U);
}

TEST(FoldConstants, replaces_what_does_not_depend_on_the_input) {
  GraphBuilder b;
  const auto x = b.input({1, 3, 4, 6});
  const auto shape = b.node("Shape", {x}, {{4}})[0];
  const auto twice = b.node("Concat", {shape, b.ints({1})}, {{5}}, {{"axis", std::int64_t{0}}})[0];
  b.output(b.node("Reshape", {x, twice}, {{1, 3, 4, 6, 1}})[0]);
  const Graph before = b.build();
  const auto observed = observe(before);
  ASSERT_TRUE(observed) << observed.error().message;
  const Graph after = fold_constants(before, observed.value());
  EXPECT_THAT(ops_of(after), testing::ElementsAre("Reshape"));
  EXPECT_THAT(after.constants.at(twice).values<std::int64_t>(),
              testing::ElementsAre(1, 3, 4, 6, 1));
  EXPECT_EQ(largest_error(run_graph(after), run_graph(before)), 0);
}

// The convolution-like node that a BatchNormalization follows, by name of the case.
struct Folding {
  const char* name;
  std::function<std::string(GraphBuilder&, const std::string&)> make;
};

class FoldBatchNorm : public testing::TestWithParam<Folding> {};

TEST_P(FoldBatchNorm, leaves_what_the_graph_computes) {
  GraphBuilder b;
  b.output(b.batch_norm(GetParam().make(b, b.input({1, 6, 8, 8}))));
  const Graph before = b.build();
  const Graph after = fold_batch_norm(before);
  ASSERT_TRUE(verify(after));
  EXPECT_THAT(ops_of(after), testing::Not(testing::Contains("BatchNormalization")));
  EXPECT_LT(largest_error(run_graph(after), run_graph(before)), 1e-5);
}

std::string deconvolution(GraphBuilder& b, const std::string& x, int groups) {
  const Shape in = b.shape(x);
  return b.node("ConvTranspose", {x, b.constant({6, 4, 2, 2})},
                {{1, 4 * groups, in[2] * 2, in[3] * 2}},
                {{"strides", std::vector<std::int64_t>{2, 2}}, {"group", std::int64_t{groups}}})[0];
}

std::string dense(GraphBuilder& b, const std::string& x, bool transposed) {
  const auto flat = b.reshape(x, {1, 6 * 64});
  const auto weights = b.constant(transposed ? Shape{5, 6 * 64} : Shape{6 * 64, 5});
  return b.node("Gemm", {flat, weights, b.constant({5})}, {{1, 5}},
                {{"alpha", 0.5F}, {"beta", 2.0F}, {"transB", std::int64_t{transposed}}})[0];
}

INSTANTIATE_TEST_SUITE_P(
    Producers, FoldBatchNorm,
    testing::Values(
        Folding{"conv", [](auto& b, const auto& x) { return b.conv(x, {.channels = 8}); }},
        Folding{"conv_without_bias",
                [](auto& b, const auto& x) { return b.conv(x, {.channels = 8, .bias = false}); }},
        Folding{"depthwise",
                [](auto& b, const auto& x) { return b.conv(x, {.channels = 6, .groups = 6}); }},
        Folding{"deconvolution", [](auto& b, const auto& x) { return deconvolution(b, x, 1); }},
        Folding{"grouped_deconvolution",
                [](auto& b, const auto& x) { return deconvolution(b, x, 2); }},
        Folding{"dense", [](auto& b, const auto& x) { return dense(b, x, false); }},
        Folding{"dense_transposed", [](auto& b, const auto& x) { return dense(b, x, true); }}),
    [](const auto& param) { return param.param.name; });

TEST(FoldBatchNorm, gives_a_shared_weight_a_copy_and_leaves_a_convolution_that_others_read) {
  GraphBuilder b;
  const auto x = b.input({1, 4, 8, 8});
  const auto weights = b.constant({4, 4, 1, 1});
  const auto first = b.node("Conv", {x, weights}, {b.shape(x)})[0];
  const auto second = b.node("Conv", {x, weights}, {b.shape(x)})[0];
  b.output(b.add(b.batch_norm(first), second));
  const auto third = b.conv(x, {.channels = 4});
  b.output(b.add(b.batch_norm(third), third));
  const Graph before = b.build();
  const Graph after = fold_batch_norm(before);
  ASSERT_TRUE(verify(after));
  EXPECT_EQ(std::ranges::count(ops_of(after), "BatchNormalization"), 1);
  EXPECT_EQ(after.constants.at(weights), before.constants.at(weights));
  EXPECT_LT(largest_error(run_graph(after), run_graph(before)), 1e-5);
}

// 3 x 3, 1 x 1 and the map itself, as RepVGG adds them up.
std::string three_branches(GraphBuilder& b, const std::string& x, int stride, int groups) {
  const auto large = b.conv(x, {.channels = 8, .stride = stride, .groups = groups});
  const auto small =
      b.conv(x, {.channels = 8, .kernel = 1, .stride = stride, .groups = groups, .bias = false});
  const auto sum = b.add(small, large);
  return stride == 1 ? b.add(x, sum) : sum;
}

TEST(MergeParallelConvolutions, branches_of_one_input_become_one_convolution) {
  for (const int stride : {1, 2}) {
    for (const int groups : {1, 2, 8}) {
      GraphBuilder b;
      const auto x = b.conv(b.input({1, 3, 9, 8}), {.channels = 8});
      b.output(b.relu(three_branches(b, x, stride, groups)));
      const Graph before = b.build();
      const Graph after = merge_parallel_convolutions(before);
      ASSERT_TRUE(verify(after));
      EXPECT_THAT(ops_of(after), testing::ElementsAre("Conv", "Conv", "Relu"));
      EXPECT_LT(largest_error(run_graph(after), run_graph(before)), 1e-5);
    }
  }
}

TEST(MergeParallelConvolutions, what_is_read_elsewhere_or_slides_otherwise_stays) {
  GraphBuilder b;
  const auto x = b.conv(b.input({1, 3, 8, 8}), {.channels = 8});
  const auto shared = b.conv(x, {.channels = 8});
  b.output(b.add(shared, b.conv(x, {.channels = 8, .kernel = 1})));
  b.output(b.relu(shared));
  const auto grouped = b.conv(x, {.channels = 8, .groups = 8});
  b.output(b.add(grouped, b.conv(x, {.channels = 8})));
  const auto of_another = b.conv(shared, {.channels = 8});
  b.output(b.add(of_another, b.conv(x, {.channels = 8, .kernel = 1})));
  const auto twice = b.conv(x, {.channels = 8});
  b.output(b.add(twice, twice));
  const Graph before = b.build();
  EXPECT_EQ(merge_parallel_convolutions(before), before);
}

TEST(FoldScales, a_factor_behind_a_convolution_goes_into_its_rows) {
  GraphBuilder b;
  const auto half = b.constant(Tensor::of<float>({1}, std::vector<float>{0.5F}));
  const auto x = b.conv(b.input({1, 3, 8, 8}), {.channels = 4});
  const auto y = b.mul(half, b.conv(x, {.channels = 4, .bias = false}));
  b.output(b.relu(b.add(b.mul(x, half), y)));  // x has two readers
  const Graph before = b.build();
  const Graph after = fold_scales(before);
  ASSERT_TRUE(verify(after));
  EXPECT_EQ(std::ranges::count(ops_of(after), "Mul"), 1);
  EXPECT_LT(largest_error(run_graph(after), run_graph(before)), 1e-6);
}

}  // namespace
}  // namespace pare::engine
