#include "engine/prune/reconstruct.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "engine/executor/openvino_runner.h"
#include "engine/ops/all_ops.h"
#include "engine/prune/importance.h"
#include "tests/engine/prune/calibrated.h"
#include "tests/engine/prune/pruning_check.h"
#include "tests/support/graph_builder.h"

namespace pare::engine::test {
namespace {

using testing::HasSubstr;

constexpr unsigned kImages = 8;

Statistics statistics_of(const Analysed& model) {
  return statistics_of(model, kImages);
}

// One group whose consumers make the outputs: their inputs are the original's.  One of them has no
// bias, one is a fully connected layer.
Analysed model() {
  GraphBuilder b(7);
  const std::string stem =
      b.silu(b.conv(b.input({1, 3, 10, 10}), {.channels = 16, .name = "stem"}));
  b.output(b.conv(stem, {.channels = 6, .stride = 2, .name = "wide"}));
  b.output(b.conv(stem, {.channels = 4, .kernel = 1, .bias = false, .name = "point"}));
  const std::string mean = b.node("GlobalAveragePool", {stem}, {{1, 16, 1, 1}})[0];
  const std::string flat = b.node("Flatten", {mean}, {{1, 16}}, {{"axis", std::int64_t{1}}})[0];
  b.output(b.node("Gemm", {flat, b.constant({16, 3}), b.constant({3})}, {{1, 3}}, {}, "full")[0]);
  return analyse(b.build());
}

// Outputs for all calibration images.
std::vector<std::vector<Tensor>> run(const Graph& graph) {
  const auto runner = make_openvino_runner(graph).value();
  std::vector<std::vector<Tensor>> all;
  for (unsigned seed = 0; seed < kImages; ++seed) {
    all.push_back(runner->run({random_tensor(graph.inputs[0].shape, seed, 0, 1)}).value());
  }
  return all;
}

// Sum of squared differences over the images, by output.
std::vector<double> errors(const std::vector<std::vector<Tensor>>& ours,
                           const std::vector<std::vector<Tensor>>& theirs) {
  std::vector<double> total(theirs[0].size(), 0);
  for (std::size_t image = 0; image < theirs.size(); ++image) {
    for (std::size_t i = 0; i < total.size(); ++i) {
      const auto a = ours[image][i].values<float>(), b = theirs[image][i].values<float>();
      for (std::size_t k = 0; k < b.size(); ++k) total[i] += (a[k] - b[k]) * (a[k] - b[k]);
    }
  }
  return total;
}

TEST(Reconstruct, the_error_on_the_calibration_images_is_never_larger_than_without) {
  const Analysed m = model();
  const Statistics statistics = statistics_of(m);
  const auto original = run(m.graph);
  for (const Importance importance : {Importance::kGram, Importance::kL2}) {
    const UnitOrders orders = rank_units(m.graph, m.groups, importance, statistics).value();
    for (const int width : {15, 8, 2}) {
      const RemovedUnits removed = select_units(m.groups, {{"stem", width}}, orders).value();
      const Graph repaired = reconstruct(m.graph, m.groups, removed, statistics).value();
      const auto pruned = [&](const Graph& graph) {
        return prune(graph, m.observed, all_ops(), m.groups, removed).value().graph;
      };
      const std::vector<double> plain = errors(run(pruned(m.graph)), original);
      const std::vector<double> better = errors(run(pruned(repaired)), original);
      for (std::size_t i = 0; i < plain.size(); ++i) {
        EXPECT_LT(better[i], plain[i]) << "output " << i << " at width " << width;
      }
    }
  }
}

TEST(Reconstruct, at_full_width_nothing_changes) {
  const Analysed m = model();
  const RemovedUnits none = select_units(m.groups, {}, {}).value();
  const Graph same = reconstruct(m.graph, m.groups, none, statistics_of(m)).value();
  EXPECT_LT(difference(same, m.graph, 1), 1e-5);
}

// With weights held fast by the ridge the bias alone repairs: the mean of what was lost.
TEST(Reconstruct, the_ridge_does_not_hold_the_bias) {
  const Analysed m = model();
  const UnitOrders orders = rank_units(m.graph, m.groups, Importance::kL2, {}).value();
  const RemovedUnits removed = select_units(m.groups, {{"stem", 4}}, orders).value();
  const Graph held =
      reconstruct(m.graph, m.groups, removed, statistics_of(m), {.ridge = 1e9}).value();
  const auto ours = run(held), theirs = run(m.graph);
  double mean = 0, difference = 0;
  for (unsigned image = 0; image < kImages; ++image) {
    const auto a = ours[image][1].values<float>(), b = theirs[image][1].values<float>();
    for (std::size_t k = 0; k < 100; ++k) {  // output channel 0 of "point"
      mean += a[k] - b[k];
      difference += std::abs(a[k] - b[k]);
    }
  }
  EXPECT_GT(difference, 1);
  EXPECT_LT(std::abs(mean), 1e-3 * difference);
}

// Two channels that are always equal: without one of them the other does the work of both.
TEST(Reconstruct, a_channel_that_has_a_twin_is_least_important_and_goes_without_a_trace) {
  GraphBuilder b(3);
  const std::string stem = b.conv(b.input({1, 3, 10, 10}), {.channels = 8, .name = "stem"});
  b.output(b.conv(b.silu(stem), {.channels = 6, .name = "last"}));
  Graph graph = b.build();
  std::vector<std::int64_t> rows{0, 1, 2, 3, 4, 1, 6, 7};  // 5 is 1 again
  for (const char* name : {"stem.weight", "stem.bias"}) {
    graph.constants[name] = select(graph.constants[name], 0, rows);
  }
  const Analysed m = analyse(std::move(graph));
  const Statistics statistics = statistics_of(m);
  const UnitOrders orders = rank_units(m.graph, m.groups, Importance::kGram, statistics).value();
  EXPECT_THAT(orders.at("stem").back(), testing::AnyOf(1, 5));
  const RemovedUnits removed = select_units(m.groups, {{"stem", 7}}, orders).value();
  const Graph repaired =
      reconstruct(m.graph, m.groups, removed, statistics, {.ridge = 1e-9}).value();
  EXPECT_GT(difference(mute(m.graph, m.observed, m.groups, removed), m.graph, 1), 0.01);
  EXPECT_LT(difference(repaired, m.graph, 1), 1e-3);
}

TEST(Reconstruct, missing_statistics_name_the_layer) {
  const Analysed m = model();
  const UnitOrders orders = rank_units(m.graph, m.groups, Importance::kL1, {}).value();
  const RemovedUnits removed = select_units(m.groups, {{"stem", 8}}, orders).value();
  const auto refused = reconstruct(m.graph, m.groups, removed, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "the statistics know nothing of layer wide");
}

}  // namespace
}  // namespace pare::engine::test
