// What each operator meant before its definition changed, as ONNX Runtime has it, against the
// upgraded graph on the executor.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "engine/executor/observe.h"
#include "engine/executor/openvino_runner.h"
#include "engine/onnx/onnx_io.h"
#include "engine/onnx/opset_upgrade.h"
#include "tests/support/graph_builder.h"
#include "tests/support/onnxruntime_reference.h"

namespace pare::engine {
namespace {

using Ints = std::vector<std::int64_t>;
using Floats = std::vector<float>;
using test::GraphBuilder;

Tensor floats(const Floats& values) {
  return Tensor::of<float>({std::ssize(values)}, values);
}

// Every operator of that opset whose meaning or form is another one at 13, each an output.
class Everything {
 public:
  explicit Everything(int opset) : b_(1, opset), opset_(opset) {
    x_ = b_.conv(b_.input({1, 3, 9, 9}), {.channels = 4});
    resizes();
    inputs_that_were_attributes();
    axes_that_were_joined();
    defaults();
  }

  Graph build() {
    Graph graph = b_.build();
    for (TensorInfo& output : graph.outputs) {
      output.shape.clear();
      if (output.name == "cast" || output.name == "argmax") output.dtype = DType::kInt64;
    }
    return graph;
  }

 private:
  void add(const std::string& op, std::vector<std::string> inputs,
           std::map<std::string, Attribute> attributes, const std::string& name) {
    b_.output(b_.node(op, std::move(inputs), {{1}}, std::move(attributes), name)[0]);
  }

  // Upsample, then Resize: rows and columns start at zero, and the nearest is the one before.
  void resizes() {
    const std::map<std::string, Floats> kScales = {{"twice", {1, 1, 2, 2}},
                                                   {"fractional", {1, 1, 1.5F, 2.4F}}};
    for (const auto& [label, scales] : kScales) {
      for (const std::string mode : {"nearest", "linear"}) resize(mode, scales, label);
    }
    if (opset_ >= 10) resize("nearest", {1, 1, 0.6F, 0.5F}, "smaller");
    if (opset_ >= 10) resize("linear", {1, 1, 0.6F, 0.5F}, "smaller");
    if (opset_ >= 10) resize("nearest", {1, 1, 0.6F, 2.5F}, "taller");
  }

  void resize(const std::string& mode, const Floats& scales, const std::string& label) {
    if (opset_ > 10) return;
    std::map<std::string, Attribute> attributes = {{"mode", mode}};
    std::vector<std::string> inputs = {x_};
    if (opset_ < 9) {
      attributes["scales"] = scales;
    } else {
      inputs.push_back(b_.constant(floats(scales)));
    }
    add(opset_ < 10 ? "Upsample" : "Resize", inputs, attributes, mode + " " + label);
  }

  void inputs_that_were_attributes() {
    if (opset_ < 11) {
      add("Clip", {x_}, {{"max", 0.25F}}, "clip above");
      add("Clip", {x_}, {{"min", -0.25F}}, "clip below");
      add("Clip", {x_}, {{"min", -0.25F}, {"max", 0.5F}}, "clip");
      add("Clip", {x_}, {}, "clip nothing");
      add("Pad", {x_}, {{"pads", Ints{0, 0, 1, 2, 0, 0, 3, 0}}}, "pad");
      add("Pad", {x_}, {{"pads", Ints{0, 0, 1, 2, 0, 0, 3, 0}}, {"value", 0.5F}}, "pad value");
      add("Pad", {x_}, {{"pads", Ints{0, 0, 1, 2, 0, 0, 3, 0}}, {"mode", std::string("reflect")}},
          "reflect");
    }
    if (opset_ < 10) {
      add("Slice", {x_}, {{"starts", Ints{1, -4}}, {"ends", Ints{3, 1000}}, {"axes", Ints{1, 3}}},
          "slice");
      add("Slice", {x_}, {{"starts", Ints{0, 1}}, {"ends", Ints{1, 3}}}, "slice the first");
      b_.output(b_.node("TopK", {x_}, {{1}, {1}}, {{"k", std::int64_t{3}}}, "topk")[0]);
    }
    add("Unsqueeze", {x_}, {{"axes", Ints{0, 3}}}, "unsqueeze");
    add("ReduceSum", {x_}, {{"axes", Ints{2, 3}}, {"keepdims", std::int64_t{0}}}, "sum");
    add("ReduceSum", {x_}, {}, "sum of all");
    add("ReduceMean", {x_}, {{"axes", Ints{1}}}, "mean");
    add("Squeeze", {"mean"}, {{"axes", Ints{0, 1}}}, "squeeze");
    add("Squeeze", {"mean"}, {}, "squeeze all");
    add("Split", {x_}, {{"axis", std::int64_t{1}}, {"split", Ints{4}}}, "split");
  }

  void axes_that_were_joined() {
    for (const std::string op : {"Softmax", "LogSoftmax", "Hardmax"}) {
      add(op, {x_}, {}, op);
      add(op, {x_}, {{"axis", std::int64_t{0}}}, op + " of all");
      add(op, {x_}, {{"axis", std::int64_t{2}}}, op + " of the last two");
      add(op, {x_}, {{"axis", std::int64_t{3}}}, op + " of the last");
      if (opset_ >= 11) add(op, {x_}, {{"axis", std::int64_t{-3}}}, op + " from behind");
    }
  }

  void defaults() {
    b_.output(b_.batch_norm(x_));
    const Ints three = {3, 3}, ones = {1, 1, 1, 1};
    add("AveragePool", {x_}, {{"kernel_shape", three}, {"pads", ones}}, "average");
    add("AveragePool", {x_},
        {{"kernel_shape", three}, {"pads", ones}, {"count_include_pad", std::int64_t{1}}},
        "average with padding");
    add("MaxPool", {x_}, {{"kernel_shape", three}, {"strides", Ints{2, 2}}}, "max");
    add("Dropout", {x_}, opset_ < 12 ? Ratio{{"ratio", 0.3F}} : Ratio{}, "dropout");
    add("Cast", {x_}, {{"to", std::int64_t{7}}}, "cast");
    add("Flatten", {x_}, {{"axis", std::int64_t{2}}}, "flatten");
    add("Gemm", {"flatten", b_.constant({81, 5}), b_.constant({5})}, {{"alpha", 0.5F}}, "gemm");
    add("DepthToSpace", {x_}, {{"blocksize", std::int64_t{2}}}, "depth");
    add("ArgMax", {x_}, {{"axis", std::int64_t{1}}}, "argmax");
    add("Max", {x_, b_.constant({1, 4, 9, 9})}, {}, "max of two");
    add("Sum", {x_, b_.constant({1, 4, 9, 9})}, {}, "sum of two");
    add("Pow", {x_, b_.constant(floats({2}))}, {}, "pow");
    add("PRelu", {x_, b_.constant({4, 1, 1})}, {}, "prelu");
  }

  using Ratio = std::map<std::string, Attribute>;

  GraphBuilder b_;
  int opset_;
  std::string x_;
};

class OldOperator : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    const auto path = std::filesystem::temp_directory_path() /
                      ("opset_rules_" + std::to_string(::getpid()) + ".onnx");
    std::ofstream(path, std::ios::binary) << export_onnx(graph_);
    reference_ = test::onnxruntime_reference(path, {.outputs_only = true, .low = -1, .high = 1});
    std::filesystem::remove(path);
  }

  void expect_the_same_of(const Graph& graph) const {
    const auto runner = make_openvino_runner(graph);
    ASSERT_TRUE(runner) << runner.error().message;
    const auto outputs = runner.value()->run({reference_.input});
    ASSERT_TRUE(outputs) << outputs.error().message;
    for (std::size_t o = 0; o < graph_.outputs.size(); ++o) {
      const std::string& name = graph_.outputs[o].name;
      EXPECT_LT(test::relative_error(outputs.value()[o], reference_.tensors.at(name)), 1e-5)
          << name;
    }
  }

  const Graph graph_ = Everything(GetParam()).build();
  test::Reference reference_;
};

TEST_P(OldOperator, means_the_same_on_the_executor) {
  expect_the_same_of(graph_);
}

TEST_P(OldOperator, means_the_same_after_the_upgrade) {
  const auto observed = observe(graph_);
  ASSERT_TRUE(observed) << observed.error().message;
  const auto upgraded = upgrade_opset(graph_, observed.value(), 13);
  ASSERT_TRUE(upgraded) << upgraded.error().message;
  EXPECT_EQ(upgraded.value().opset, 13);
  expect_the_same_of(upgraded.value());
  for (const Node& node : graph_.nodes) {
    EXPECT_NE(find_node(upgraded.value(), node.name), nullptr) << node.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Opsets, OldOperator, testing::Values(7, 8, 9, 10, 11, 12));

}  // namespace
}  // namespace pare::engine
