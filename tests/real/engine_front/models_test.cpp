// Import, export, passes and resizing of detectors that nobody here wrote.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "engine/executor/observe.h"
#include "engine/onnx/onnx_io.h"
#include "engine/passes/passes.h"
#include "engine/passes/resize_input.h"
#include "tests/support/real_models.h"
#include "tests/support/run_graph.h"

namespace pare::engine {
namespace {

class Model : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    auto graph = import_onnx_file(std::filesystem::path(PARE_REAL_MODELS) / GetParam());
    ASSERT_TRUE(graph) << graph.error().message;
    graph_ = std::move(graph).value();
  }
  Graph graph_;
};

// The convolutions that no other convolution follows become the outputs: what a head adapter
// leaves.
Graph without_tail(Graph graph) {
  const Edges edges = edges_of(graph);
  std::set<std::string> leads_to_conv;  // tensors
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    const bool leads = node->op == "Conv" || std::ranges::any_of(node->outputs, [&](auto& name) {
                         return leads_to_conv.contains(name);
                       });
    if (leads) leads_to_conv.insert(node->inputs.begin(), node->inputs.end());
  }
  graph.outputs.clear();
  for (const Node& node : graph.nodes) {
    if (node.op != "Conv" || leads_to_conv.contains(node.outputs[0])) continue;
    graph.outputs.push_back({node.outputs[0], DType::kFloat32, {}});
  }
  return remove_dead_ends(std::move(graph));
}

TEST_P(Model, comes_back_from_its_export_as_it_went) {
  EXPECT_TRUE(verify(graph_));
  const std::string bytes = export_onnx(graph_);
  const auto back = import_onnx(std::as_bytes(std::span(bytes)));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back.value(), graph_);
  EXPECT_EQ(export_onnx(back.value()), bytes);
}

TEST_P(Model, computes_the_same_after_folding_and_has_no_batch_norm_left) {
  const auto observed = observe(graph_);
  ASSERT_TRUE(observed) << observed.error().message;
  const Graph folded = fold_batch_norm(remove_identities(fold_constants(graph_, observed.value())));
  ASSERT_TRUE(verify(folded));
  EXPECT_EQ(std::ranges::count(folded.nodes, "BatchNormalization", &Node::op), 0);
  EXPECT_EQ(std::ranges::count(folded.nodes, "Shape", &Node::op), 0);
  EXPECT_LT(test::largest_error(test::run_graph(folded), test::run_graph(graph_)), 1e-5);
}

TEST_P(Model, without_its_decode_tail_runs_at_half_and_at_twice_the_size) {
  const Graph body = without_tail(graph_);
  ASSERT_FALSE(body.outputs.empty());
  const auto observed = observe(body);
  ASSERT_TRUE(observed) << observed.error().message;
  const Graph folded = fold_constants(body, observed.value());
  for (const auto& [over, under] : {std::pair(1, 2), std::pair(2, 1)}) {
    const int height = static_cast<int>(body.inputs[0].shape[2]) / under / 32 * 32 * over;
    const int width = static_cast<int>(body.inputs[0].shape[3]) / under / 32 * 32 * over;
    const auto resized = resize_input(folded, observed.value(), height, width);
    ASSERT_TRUE(resized) << resized.error().message;
    const auto seen = observe(resized.value());
    ASSERT_TRUE(seen) << seen.error().message;
    for (const TensorInfo& output : resized.value().outputs) {
      const Shape& shape = seen.value().shapes.at(output.name);
      EXPECT_EQ(shape[1], observed.value().shapes.at(output.name)[1]);
      ASSERT_EQ(shape.size(), output.shape.size()) << output.name;
      for (std::size_t axis = 0; axis < shape.size(); ++axis) {
        if (output.shape[axis] == kAnySize) continue;  // rounded somewhere, so not declared
        EXPECT_EQ(shape[axis], output.shape[axis]) << output.name;
      }
    }
    test::run_graph(resized.value());
  }
}

INSTANTIATE_TEST_SUITE_P(Real, Model, testing::ValuesIn(test::kRealModels), test::name_of_param);

}  // namespace
}  // namespace pare::engine
