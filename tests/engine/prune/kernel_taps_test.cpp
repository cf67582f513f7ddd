#include "engine/prune/kernel_taps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/executor/openvino_runner.h"
#include "engine/prune/reconstruct.h"
#include "tests/engine/prune/calibrated.h"
#include "tests/engine/prune/pruning_check.h"
#include "tests/support/graph_builder.h"

namespace pare::engine::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr unsigned kImages = 8;

// A depthwise layer between two pointwise ones.
Analysed separable(int kernel, int stride) {
  GraphBuilder b(9);
  const std::string stem =
      b.silu(b.conv(b.input({1, 3, 16, 16}), {.channels = 16, .name = "stem"}));
  const std::string deep = b.silu(b.conv(
      stem, {.channels = 16, .kernel = kernel, .stride = stride, .groups = 16, .name = "deep"}));
  const std::string point = b.silu(b.conv(deep, {.channels = 16, .kernel = 1, .name = "point"}));
  b.output(b.conv(point, {.channels = 6, .name = "head"}));
  return analyse(b.build());
}

struct Measured {
  Analysed model;
  std::vector<ElasticKernel> kernels;
  Statistics statistics;
};

Measured measure(Analysed model) {
  Measured m{std::move(model), {}, {}};
  m.kernels = find_elastic_kernels(m.model.graph, m.model.observed, m.model.groups);
  auto taps = TapCollector::make(m.model.graph, m.model.observed, m.kernels).value();
  const auto runner = make_openvino_runner(m.model.graph, taps.tensors()).value();
  for (unsigned seed = 0; seed < kImages; ++seed) {
    taps.add_image(runner->run({calibration_image(m.model.graph, seed)}).value());
  }
  m.statistics = statistics_of(m.model, kImages);
  taps.finish(m.statistics);
  return m;
}

ShrunkKernels shrink(const Measured& m, const KernelSizes& sizes) {
  return shrink_kernels(m.model.graph, m.model.observed, m.statistics, m.kernels, sizes).value();
}

// The same with the outer taps cut off and nothing else.
Graph cropped(const Measured& m, const KernelSizes& sizes) {
  Graph graph = shrink(m, sizes).graph;
  for (const auto& [layer, size] : sizes) {
    const Node& node = *find_node(graph, layer);
    const Node& before = *find_node(m.model.graph, layer);
    const Tensor& weights = m.model.graph.constants.at(before.inputs[1]);
    const std::int64_t ring = (weights.shape()[2] - size) / 2;
    std::vector<std::int64_t> middle;
    for (std::int64_t i = ring; i < weights.shape()[2] - ring; ++i) middle.push_back(i);
    graph.constants[node.inputs[1]] = select(select(weights, 2, middle), 3, middle);
    graph.constants[node.inputs[2]] = m.model.graph.constants.at(before.inputs[2]);
  }
  return graph;
}

double error_over_images(const Graph& actual, const Graph& expected) {
  double total = 0;
  for (unsigned seed = 0; seed < kImages; ++seed) total += difference(actual, expected, seed);
  return total / kImages;
}

TEST(KernelTaps, depthwise_windows_shrink_to_three_and_dense_ones_of_three_to_one) {
  const Measured m = measure(separable(7, 1));
  ASSERT_EQ(m.kernels.size(), 2U);  // the stem reads the image: nothing is known of that
  EXPECT_EQ(m.model.graph.nodes[m.kernels[0].node].name, "deep");
  EXPECT_THAT(m.kernels[0].sizes, ElementsAre(5, 3));
  EXPECT_EQ(m.model.graph.nodes[m.kernels[1].node].name, "head");
  EXPECT_THAT(m.kernels[1].sizes, ElementsAre(1));
}

TEST(KernelTaps, the_taps_that_stay_make_up_for_those_that_go) {
  for (const int stride : {1, 2}) {
    const Measured m = measure(separable(5, stride));
    for (const KernelSizes& sizes : {KernelSizes{{"deep", 3}}, KernelSizes{{"head", 1}}}) {
      const Graph fitted = shrink(m, sizes).graph;
      EXPECT_LT(error_over_images(fitted, m.model.graph),
                0.8 * error_over_images(cropped(m, sizes), m.model.graph))
          << sizes.begin()->first << ", stride " << stride;
    }
  }
}

TEST(KernelTaps, an_outer_ring_of_zeros_is_lost_without_any_error) {
  Analysed model = separable(5, 2);
  Tensor& weights = model.graph.constants.at(find_node(model.graph, "deep")->inputs[1]);
  const auto values = weights.values<float>();
  std::vector<float> inner(values.begin(), values.end());
  for (std::size_t i = 0; i < inner.size(); ++i) {
    const std::size_t y = i / 5 % 5, x = i % 5;
    if (y == 0 || y == 4 || x == 0 || x == 4) inner[i] = 0;
  }
  weights = Tensor::of<float>(weights.shape(), inner);
  const Measured m = measure(analyse(std::move(model.graph)));
  EXPECT_LT(error_over_images(shrink(m, {{"deep", 3}}).graph, m.model.graph), 1e-4);
}

TEST(KernelTaps, channels_go_from_a_shrunken_layer_as_from_any) {
  const Measured m = measure(separable(5, 1));
  ShrunkKernels less = shrink(m, {{"deep", 3}, {"head", 1}});
  const Analysed left = analyse(std::move(less.graph));
  for (unsigned seed = 0; seed < 5; ++seed) {
    const UnitOrders orders = random_orders(left.groups, seed);
    const auto removed =
        select_units(left.groups, random_widths(left.groups, seed), orders).value();
    EXPECT_LT(compare_with_muted(left, removed, seed).error, 1e-5);
    ASSERT_TRUE(reconstruct(left.graph, left.groups, removed, less.statistics));
  }
}

TEST(KernelTaps, what_was_summed_before_a_stop_counts) {
  const Analysed model = separable(5, 1);
  const auto kernels = find_elastic_kernels(model.graph, model.observed, model.groups);
  auto whole = TapCollector::make(model.graph, model.observed, kernels).value();
  auto first = TapCollector::make(model.graph, model.observed, kernels).value();
  const auto runner = make_openvino_runner(model.graph, whole.tensors()).value();
  TensorFile kept;
  for (unsigned seed = 0; seed < 4; ++seed) {
    const auto values = runner->run({calibration_image(model.graph, seed)}).value();
    whole.add_image(values);
    if (seed < 2) first.add_image(values);
    if (seed == 1) first.add_sums(kept);
  }
  auto second = TapCollector::make(model.graph, model.observed, kernels).value();
  ASSERT_TRUE(second.go_on_from(kept));
  for (unsigned seed = 2; seed < 4; ++seed) {
    second.add_image(runner->run({calibration_image(model.graph, seed)}).value());
  }
  Statistics expected, actual;
  whole.finish(expected);
  second.finish(actual);
  EXPECT_EQ(actual.taps.at("deep").triangles, expected.taps.at("deep").triangles);
  EXPECT_FALSE(second.go_on_from(TensorFile{}));
}

TEST(KernelTaps, moments_come_back_from_a_file_as_they_were) {
  const Measured m = measure(separable(5, 1));
  TensorFile file;
  store(m.statistics, file);
  const Statistics back = load_statistics(file).value();
  EXPECT_EQ(back.taps.at("deep").triangles, m.statistics.taps.at("deep").triangles);
  EXPECT_EQ(back.taps.at("deep").channels(), 16);
  file.tensors["taps/deep"] = Tensor::of<float>({2, 2}, std::vector<float>(4));
  const auto damaged = load_statistics(file);
  ASSERT_FALSE(damaged);
  EXPECT_THAT(damaged.error().message, HasSubstr("taps/deep are no moments of taps"));
}

TEST(KernelTaps, a_layer_or_size_that_is_not_there_is_refused_by_name) {
  const Measured m = measure(separable(5, 1));
  const auto layer = check_kernels(m.model.graph, m.kernels, {{"stem", 1}});
  ASSERT_FALSE(layer);
  EXPECT_EQ(layer.error().message, "the model has no layer stem whose kernel can be smaller");
  const auto size = check_kernels(m.model.graph, m.kernels, {{"deep", 1}});
  ASSERT_FALSE(size);
  EXPECT_EQ(size.error().message, "layer deep cannot have a kernel of 1x1");
  EXPECT_TRUE(check_kernels(m.model.graph, m.kernels, {{"deep", 3}}));
}

}  // namespace
}  // namespace pare::engine::test
