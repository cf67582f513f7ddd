#include "engine/onnx/onnx_io.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <algorithm>

#include "tests/support/graph_builder.h"

namespace pare::engine {
namespace {

using onnx::AttributeProto;
using onnx::ModelProto;
using onnx::TensorProto;
using testing::ElementsAre;

Result<Graph> import_model(const ModelProto& model, const ImportOptions& options = {}) {
  const std::string bytes = model.SerializeAsString();
  return import_onnx(std::as_bytes(std::span(bytes)), options);
}

Graph rich_graph() {
  test::GraphBuilder b;
  const auto x = b.channel_shuffle(b.silu(b.conv(b.input({1, 3, 8, 8}), {.channels = 4})), 2);
  const auto parts = b.split(b.batch_norm(x), {1, 3});
  b.output(b.upsample(parts[1]));
  b.node("Fancy", {parts[0], ""}, {{1}},
         {{"f", 0.5F},
          {"i", std::int64_t{-1}},
          {"s", std::string("text")},
          {"fs", std::vector<float>{}},
          {"is", std::vector<std::int64_t>{1, 2}},
          {"ss", std::vector<std::string>{"a", "b"}},
          {"t", Tensor::of<std::int64_t>({}, std::vector<std::int64_t>{7})}});
  Graph graph = b.build();
  graph.nodes.back().domain = "com.example";
  graph.domains["com.example"] = 3;
  return graph;
}

ModelProto rich_model() {
  ModelProto model;
  PARE_CHECK(model.ParseFromString(export_onnx(rich_graph())), "an export does not parse");
  return model;
}

TEST(OnnxIo, a_graph_comes_back_as_it_went_and_gives_the_same_bytes) {
  const Graph graph = rich_graph();
  const auto back = import_model(rich_model());
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back.value(), graph);
  EXPECT_EQ(export_onnx(back.value()), export_onnx(graph));
}

TEST(OnnxIo, every_way_to_write_a_constant_becomes_one) {
  ModelProto model = rich_model();
  const auto add = [&](const std::string& name) -> AttributeProto& {
    auto& node = *model.mutable_graph()->add_node();
    node.set_op_type("Constant");
    node.add_output(name);
    AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(name);
    return attribute;
  };
  AttributeProto& ints = add("value_ints");
  ints.set_type(AttributeProto::INTS);
  ints.add_ints(3);
  ints.add_ints(4);
  AttributeProto& scalar = add("value_float");
  scalar.set_type(AttributeProto::FLOAT);
  scalar.set_f(0.25F);
  AttributeProto& half = add("value");  // of an old file: no type, values in int32_data
  half.mutable_t()->set_data_type(TensorProto::FLOAT16);
  half.mutable_t()->add_dims(1);
  half.mutable_t()->add_int32_data(0x3c00);
  const auto graph = import_model(model);
  ASSERT_TRUE(graph) << graph.error().message;
  EXPECT_THAT(graph.value().constants.at("value_ints").values<std::int64_t>(), ElementsAre(3, 4));
  EXPECT_EQ(graph.value().constants.at("value_float").shape(), Shape{});
  EXPECT_EQ(graph.value().constants.at("value").dtype(), DType::kFloat16);
  EXPECT_EQ(graph.value().constants.at("value").bytes()[1], std::byte{0x3c});
  EXPECT_EQ(graph.value().nodes.size(), rich_graph().nodes.size());
}

TEST(OnnxIo, weights_listed_as_inputs_are_none) {
  ModelProto model = rich_model();
  for (const TensorProto& weight : model.graph().initializer()) {
    model.mutable_graph()->add_input()->set_name(weight.name());
  }
  EXPECT_EQ(import_model(model).value(), rich_graph());
}

TEST(OnnxIo, open_sizes_are_filled_and_fixed_ones_are_left) {
  ModelProto model = rich_model();
  auto& shape = *model.mutable_graph()
                     ->mutable_input(0)
                     ->mutable_type()
                     ->mutable_tensor_type()
                     ->mutable_shape();
  shape.mutable_dim(0)->set_dim_param("batch");
  shape.mutable_dim(2)->set_dim_param("height");
  const auto graph = import_model(model, {.input_size = std::pair(32, 64)});
  ASSERT_TRUE(graph) << graph.error().message;
  EXPECT_THAT(graph.value().inputs[0].shape, ElementsAre(1, 3, 32, 8));
}

TEST(OnnxIo, nodes_without_a_name_of_their_own_get_one) {
  ModelProto model = rich_model();
  auto& nodes = *model.mutable_graph()->mutable_node();
  nodes[0].clear_name();
  nodes[1].set_name("Conv_0");  // what the first one would be called
  nodes[2].set_name("Conv_0");
  const Graph graph = import_model(model).value();
  EXPECT_EQ(graph.nodes[0].name, "Conv_0_");
  EXPECT_EQ(graph.nodes[1].name, "Conv_0");
  EXPECT_EQ(graph.nodes[2].name, "Mul_2");
}

TEST(OnnxIo, nodes_in_any_order_are_sorted) {
  ModelProto model = rich_model();
  auto& nodes = *model.mutable_graph()->mutable_node();
  std::reverse(nodes.begin(), nodes.end());
  const auto graph = import_model(model);
  ASSERT_TRUE(graph) << graph.error().message;
  EXPECT_TRUE(verify(graph.value()));
}

TEST(OnnxIo, a_subgraph_is_carried_and_what_it_captures_is_known) {
  ModelProto model = rich_model();
  AttributeProto& body = *model.mutable_graph()->mutable_node(3)->add_attribute();
  body.set_name("body");
  body.set_type(AttributeProto::GRAPH);
  auto& inner = *body.mutable_g()->add_node();
  inner.add_input("conv_0");
  inner.add_input("own");
  body.mutable_g()->add_input()->set_name("own");
  const auto graph = import_model(model);
  ASSERT_TRUE(graph) << graph.error().message;
  const auto& opaque = std::get<OpaqueAttribute>(graph.value().nodes[3].attributes.at("body"));
  EXPECT_THAT(opaque.captures, ElementsAre("conv_0"));
  ModelProto back;
  ASSERT_TRUE(back.ParseFromString(export_onnx(graph.value())));
  EXPECT_EQ(import_model(back).value(), graph.value());
}

}  // namespace
}  // namespace pare::engine
