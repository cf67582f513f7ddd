#include "engine/quant/store_weights.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

#include "engine/onnx/onnx_io.h"
#include "engine/quant/weight_grid.h"
#include "tests/support/graph_builder.h"
#include "tests/support/onnxruntime_reference.h"

namespace pare::engine {
namespace {

using test::GraphBuilder;

// 75 x 111 weights in "odd": an odd number of codes.
Graph small_body() {
  GraphBuilder b(7);
  const auto x = b.input({1, 111, 12, 12});
  const auto odd = b.relu(b.conv(x, {.channels = 75, .kernel = 1, .name = "odd"}));
  const auto wide = b.relu(b.conv(odd, {.channels = 16, .name = "wide"}));
  b.output(b.conv(wide, {.channels = 4, .kernel = 1, .name = "few"}));
  return b.build();
}

StorageOf all_as(WeightStorage storage) {
  return [storage](const std::string&) { return storage; };
}

std::vector<float> answers(const Graph& graph) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("store_weights_" + std::to_string(::getpid()) + ".onnx");
  std::ofstream(path, std::ios::binary) << export_onnx(graph);
  const test::Reference reference = test::onnxruntime_reference(path);
  std::filesystem::remove(path);
  const auto values = reference.tensors.at(graph.outputs[0].name).values<float>();
  return {values.begin(), values.end()};
}

// The graph with what the grid leaves of its weights.
Graph on_grid(Graph graph, WeightStorage storage) {
  for (const Node& node : graph.nodes) {
    if (node.op != "Conv") continue;
    Tensor& weights = graph.constants.at(node.inputs[1]);
    if (weights.size() < kFewestStored) continue;
    const WeightStorage its = weights.size() < kFewestInFourBits ? WeightStorage{8} : storage;
    weights = values_of(put_on_grid(weights, 0, its).value(), weights.shape(), 0);
  }
  return graph;
}

TEST(StoreWeights, the_file_makes_the_weights_that_the_grid_leaves) {
  const Graph graph = small_body();
  for (const WeightStorage storage :
       {WeightStorage{8}, WeightStorage{4}, WeightStorage{4, WeightGrid::kPowerOfTwo},
        WeightStorage{4, WeightGrid::kCodebook}}) {
    const auto stored = store_weights(graph, all_as(storage));
    ASSERT_TRUE(stored) << stored.error().message;
    ASSERT_TRUE(verify(stored.value()));
    const std::vector<float> wanted = answers(on_grid(graph, storage));
    const std::vector<float> made = answers(stored.value());
    ASSERT_EQ(made.size(), wanted.size());
    for (std::size_t i = 0; i < made.size(); ++i) EXPECT_NEAR(made[i], wanted[i], 1e-5);
  }
}

TEST(StoreWeights, bytes_follow_the_bits) {
  const Graph graph = small_body();
  const std::size_t whole = export_onnx(graph).size();
  const auto bytes = [&](WeightStorage storage) {
    return export_onnx(store_weights(graph, all_as(storage)).value()).size();
  };
  EXPECT_EQ(bytes({32}), whole);
  EXPECT_LT(bytes({16}), 0.6 * double(whole));
  EXPECT_LT(bytes({8}), 0.4 * double(whole));
  EXPECT_LT(bytes({4}), 0.85 * double(bytes({8})));
}

TEST(StoreWeights, half_floats_are_the_nearest_ones) {
  const Graph graph = small_body();
  const std::vector<float> before = answers(graph);
  const std::vector<float> after = answers(store_weights(graph, all_as({16})).value());
  const float range = std::ranges::max(before) - std::ranges::min(before);
  for (std::size_t i = 0; i < after.size(); ++i) EXPECT_NEAR(after[i], before[i], 1e-3 * range);
}

TEST(StoreWeights, layers_are_stored_each_as_asked_and_small_ones_stay) {
  const Graph graph = small_body();
  const auto stored = store_weights(graph, [](const std::string& layer) {
    return layer == "odd" ? WeightStorage{4} : WeightStorage{8};
  });
  ASSERT_TRUE(stored);
  const auto has = [&](const char* op) {
    return std::ranges::count(stored.value().nodes, op, &Node::op);
  };
  EXPECT_EQ(has("Gather"), 1);
  EXPECT_EQ(has("Slice"), 1);
  EXPECT_EQ(has("Mul"), 2);
  const Node* const few = find_node(stored.value(), "few");
  EXPECT_TRUE(stored.value().constants.contains(few->inputs[1]));
}

TEST(StoreWeights, second_order_is_nearer_to_what_the_layer_answered) {
  const Graph graph = small_body();
  // Inputs of one value everywhere: whatever rounding does to their sum, the bias can undo.
  const LayerMoments alike = [](const std::string& layer) -> std::optional<InputMoments> {
    if (layer != "odd") return std::nullopt;
    return InputMoments{112, std::vector<double>(112UL * 112, 1)};
  };
  const auto stored = store_weights(graph, all_as({4}), alike);
  ASSERT_TRUE(stored) << stored.error().message;
  const Node* const odd = find_node(stored.value(), "odd");
  ASSERT_EQ(odd->inputs.size(), 3U);
  EXPECT_NE(odd->inputs[2], find_node(graph, "odd")->inputs[2]);
  EXPECT_TRUE(verify(stored.value()));
}

}  // namespace
}  // namespace pare::engine
