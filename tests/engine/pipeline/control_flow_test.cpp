// If and Loop around what stands behind a detector's head: the head is found before them, and what
// they do is kept; a head inside of one is not looked for, and that is said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include "engine/onnx/onnx_io.h"
#include "engine/pipeline/detector.h"
#include "tests/engine/heads/small_yolov5.h"
#include "tests/engine/pipeline/uploaded_file.h"
#include "tests/support/run_graph.h"

namespace pare::engine {
namespace {

using onnx::AttributeProto;
using onnx::GraphProto;
using onnx::ModelProto;
using onnx::NodeProto;
using onnx::TensorProto;
using testing::Contains;
using testing::HasSubstr;

NodeProto& add_node(GraphProto& graph, const std::string& op,
                    const std::vector<std::string>& inputs, const std::string& output) {
  NodeProto& node = *graph.add_node();
  node.set_op_type(op);
  node.set_name(output + "_" + op);
  for (const std::string& input : inputs) node.add_input(input);
  node.add_output(output);
  return node;
}

// `rank` dimensions of whatever size.
void add_value(GraphProto& graph, bool input, const std::string& name, int type, int rank) {
  auto& value = input ? *graph.add_input() : *graph.add_output();
  value.set_name(name);
  auto& tensor = *value.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(type);
  auto& shape = *tensor.mutable_shape();
  for (int axis = 0; axis < rank; ++axis) shape.add_dim();
}

GraphProto& body_of(NodeProto& node, const std::string& attribute) {
  AttributeProto& holder = *node.add_attribute();
  holder.set_name(attribute);
  holder.set_type(AttributeProto::GRAPH);
  holder.mutable_g()->set_name(attribute);
  return *holder.mutable_g();
}

template <typename T>
void add_scalar(GraphProto& graph, const std::string& name, int type, T value) {
  TensorProto& tensor = *graph.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(type);
  tensor.set_raw_data(&value, sizeof value);
}

// The detector whose output is what `behind` makes of it under its old name.
std::string detector_with(void (*behind)(GraphProto&, const std::string& rows,
                                         const std::string& output)) {
  ModelProto model;
  PARE_CHECK(model.ParseFromString(export_onnx(test::SmallYolov5({}).graph())), "no model");
  GraphProto& graph = *model.mutable_graph();
  const std::string output = graph.output(0).name();
  for (NodeProto& node : *graph.mutable_node()) {
    for (std::string& made : *node.mutable_output()) {
      if (made == output) made = "rows";
    }
  }
  add_scalar(graph, "half", TensorProto::FLOAT, 0.5F);
  behind(graph, "rows", output);
  return model.SerializeAsString();
}

// Nothing where nothing is sure.
void add_if(GraphProto& graph, const std::string& rows, const std::string& output) {
  const int rank = graph.output(0).type().tensor_type().shape().dim_size();
  add_node(graph, "ReduceMax", {rows}, "most").add_attribute()->set_name("keepdims");
  AttributeProto& keep = *graph.mutable_node(graph.node_size() - 1)->mutable_attribute(0);
  keep.set_type(AttributeProto::INT);
  keep.set_i(0);
  add_node(graph, "Greater", {"most", "half"}, "sure");
  NodeProto& branch = add_node(graph, "If", {"sure"}, output);
  GraphProto& yes = body_of(branch, "then_branch");
  add_node(yes, "Identity", {rows}, "as_it_is");
  add_value(yes, false, "as_it_is", TensorProto::FLOAT, rank);
  GraphProto& no = body_of(branch, "else_branch");
  add_node(no, "Mul", {rows, "half"}, "halved");
  add_value(no, false, "halved", TensorProto::FLOAT, rank);
}

void add_loop(GraphProto& graph, const std::string& rows, const std::string& output) {
  const int rank = graph.output(0).type().tensor_type().shape().dim_size();
  add_scalar(graph, "times", TensorProto::INT64, std::int64_t{2});
  add_scalar(graph, "yes", TensorProto::BOOL, true);
  NodeProto& loop = add_node(graph, "Loop", {"times", "yes", rows}, output);
  GraphProto& body = body_of(loop, "body");
  add_value(body, true, "turn", TensorProto::INT64, 0);
  add_value(body, true, "go_on", TensorProto::BOOL, 0);
  add_value(body, true, "before", TensorProto::FLOAT, rank);
  add_node(body, "Identity", {"go_on"}, "goes_on");
  add_node(body, "Mul", {"before", "half"}, "after");
  add_value(body, false, "goes_on", TensorProto::BOOL, 0);
  add_value(body, false, "after", TensorProto::FLOAT, rank);
}

class BehindTheHead
    : public testing::TestWithParam<void (*)(GraphProto&, const std::string&, const std::string&)> {
};

TEST_P(BehindTheHead, is_kept_and_the_head_is_found_before_it) {
  const std::string onnx = detector_with(GetParam());
  const auto detector = open_detector(test::bytes_of(onnx), PartialCard{});
  ASSERT_TRUE(detector) << detector.error().message;
  EXPECT_EQ(detector.value().card.head, "yolov5");
  EXPECT_THAT(detector.value().notes, Contains(HasSubstr("goes on behind its head")));
  const auto summary = summarize(detector.value(), test::bytes_of(onnx));
  ASSERT_TRUE(summary) << summary.error().message;
  const auto whole = attach_head(detector.value().body, detector.value().head);
  ASSERT_TRUE(whole) << whole.error().message;
  const auto expected = test::run_graph(import_onnx(test::bytes_of(onnx)).value());
  const auto found = test::run_graph(whole.value());
  EXPECT_LT(test::largest_error({found.back()}, {expected.back()}), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(ControlFlow, BehindTheHead, testing::Values(&add_if, &add_loop));

Graph plain_network() {
  test::GraphBuilder b;
  const auto x = b.relu(b.conv(b.input({1, 3, 32, 32}), {.channels = 32, .stride = 2}));
  b.output(b.conv(x, {.channels = 6, .kernel = 1, .name = "last"}));
  return b.build();
}

TEST(InABranch, a_layer_that_only_branches_read_is_frozen_with_a_reason_and_the_rest_is_not) {
  ModelProto model;
  ASSERT_TRUE(model.ParseFromString(export_onnx(plain_network())));
  GraphProto& graph = *model.mutable_graph();
  const std::string output = graph.output(0).name();
  for (NodeProto& node : *graph.mutable_node()) {
    for (std::string& made : *node.mutable_output()) {
      if (made == output) made = "rows";
    }
  }
  add_scalar(graph, "half", TensorProto::FLOAT, 0.5F);
  add_if(graph, "rows", output);
  const std::string onnx = model.SerializeAsString();
  const auto detector = open_detector(test::bytes_of(onnx), PartialCard{});
  ASSERT_TRUE(detector) << detector.error().message;
  EXPECT_EQ(detector.value().card.head, "raw");
  const auto summary = summarize(detector.value(), test::bytes_of(onnx));
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_FALSE(summary.value().groups.empty());
  const auto frozen = std::ranges::find(summary.value().frozen, "last", &FrozenChannels::layer);
  ASSERT_NE(frozen, summary.value().frozen.end());
  EXPECT_FALSE(frozen->reason.empty());
}

}  // namespace
}  // namespace pare::engine
