#include "engine/onnx/onnx_io.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <algorithm>

#include "core/utf8.h"
#include "tests/support/graph_builder.h"

namespace pare::engine {
namespace {

using onnx::AttributeProto;
using onnx::ModelProto;
using onnx::TensorProto;
using testing::Contains;
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

onnx::TensorShapeProto& input_shape(ModelProto& model) {
  return *model.mutable_graph()
              ->mutable_input(0)
              ->mutable_type()
              ->mutable_tensor_type()
              ->mutable_shape();
}

TEST(OnnxIo, open_sizes_are_filled_and_fixed_ones_are_left) {
  ModelProto model = rich_model();
  input_shape(model).mutable_dim(0)->set_dim_param("batch");
  input_shape(model).mutable_dim(2)->set_dim_param("height");
  const std::string bytes = model.SerializeAsString();
  const auto read =
      read_onnx(std::as_bytes(std::span(bytes)), {.input_size = std::pair(32, 64)}).value();
  EXPECT_THAT(read.graph.inputs[0].shape, ElementsAre(1, 3, 32, 8));
  EXPECT_THAT(read.notes, Contains("Input \"images\" leaves open: batch, height. Candidates take "
                                   "1x3x32x8."));
}

TEST(OnnxIo, what_is_open_may_be_all_of_the_shape_or_the_channels_last) {
  const ImportOptions sized{.input_size = std::pair(32, 64)};
  ModelProto model = rich_model();
  for (auto& dimension : *input_shape(model).mutable_dim()) dimension.set_dim_param("any");
  EXPECT_THAT(import_model(model, sized).value().inputs[0].shape, ElementsAre(1, 3, 32, 64));
  input_shape(model).mutable_dim(3)->set_dim_value(3);
  EXPECT_THAT(import_model(model, sized).value().inputs[0].shape, ElementsAre(1, 32, 64, 3));
  model.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->clear_shape();
  EXPECT_THAT(import_model(model, sized).value().inputs[0].shape, ElementsAre(1, 3, 32, 64));
}

// An input of floats beside the image; a dimension of 0 is open.
void add_input(ModelProto& model, const std::string& name, const Shape& shape) {
  onnx::ValueInfoProto& input = *model.mutable_graph()->add_input();
  input.set_name(name);
  auto& type = *input.mutable_type()->mutable_tensor_type();
  type.set_elem_type(TensorProto::FLOAT);
  for (const std::int64_t size : shape) {
    auto& dimension = *type.mutable_shape()->add_dim();
    if (size > 0) dimension.set_dim_value(size);
  }
}

TEST(OnnxIo, inputs_that_say_the_images_size_and_scale_are_bound) {
  ModelProto model = rich_model();
  add_input(model, "scale_factor", {0, 2});
  add_input(model, "im_shape", {1, 2});
  add_input(model, "im_info", {3});
  std::rotate(model.mutable_graph()->mutable_input()->begin(),
              model.mutable_graph()->mutable_input()->begin() + 1,
              model.mutable_graph()->mutable_input()->end());  // the image comes last
  const std::string bytes = model.SerializeAsString();
  const auto read = read_onnx(std::as_bytes(std::span(bytes)));
  ASSERT_TRUE(read) << read.error().message;
  const Graph& graph = read.value().graph;
  ASSERT_EQ(graph.inputs.size(), 1U);
  EXPECT_EQ(graph.inputs[0].name, "images");
  const std::vector<float> ones = {1, 1}, sides = {8, 8}, info = {8, 8, 1};
  EXPECT_EQ(graph.constants.at("scale_factor"), Tensor::of<float>({1, 2}, ones));
  EXPECT_EQ(graph.constants.at("im_shape"), Tensor::of<float>({1, 2}, sides));
  EXPECT_EQ(graph.constants.at("im_info"), Tensor::of<float>({3}, info));
  EXPECT_THAT(read.value().notes,
              Contains("Input \"im_shape\" is bound to (8, 8), for an image that "
                       "fills \"images\": candidates have no such input."));
}

TEST(OnnxIo, other_inputs_beside_the_image_are_refused_by_name) {
  for (const auto& [name, shape] : {std::pair("mask", Shape{1, 2}), std::pair("im_shape", Shape{4}),
                                    std::pair("scale_factor", Shape{1, 1, 2})}) {
    ModelProto model = rich_model();
    add_input(model, name, shape);
    EXPECT_THAT(import_model(model).error().message,
                testing::HasSubstr("the model has the input \"" + std::string(name) + "\""));
  }
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

TEST(OnnxIo, what_a_file_says_of_itself_comes_back) {
  ModelProto model = rich_model();
  model.set_producer_name("pytorch");
  model.set_producer_version("2.1");
  model.set_doc_string("trained on boards\n2026-10");
  model.set_model_version(7);
  model.set_domain("com.example");
  model.mutable_graph()->set_name("main_graph");
  model.mutable_graph()->set_doc_string("inside");
  auto& entry = *model.add_metadata_props();
  entry.set_key("names");
  entry.set_value("{0: 'short'}");
  const auto graph = import_model(model);
  ASSERT_TRUE(graph) << graph.error().message;
  ModelProto back;
  ASSERT_TRUE(back.ParseFromString(export_onnx(graph.value())));
  EXPECT_EQ(back.producer_name(), "pytorch");
  EXPECT_EQ(back.producer_version(), "2.1");
  EXPECT_EQ(back.doc_string(), model.doc_string());
  EXPECT_EQ(back.model_version(), 7);
  EXPECT_EQ(back.domain(), "com.example");
  EXPECT_EQ(back.graph().name(), "main_graph");
  EXPECT_EQ(back.graph().doc_string(), "inside");
  ASSERT_EQ(back.metadata_props_size(), 2);
  EXPECT_EQ(back.metadata_props(0).value(), "{0: 'short'}");
  EXPECT_EQ(back.metadata_props(1).key(), "pare.version");
  EXPECT_EQ(import_model(back).value(), graph.value());
}

ImportedModel read_model(const ModelProto& model) {
  const std::string bytes = model.SerializeAsString();
  auto read = read_onnx(std::as_bytes(std::span(bytes)));
  PARE_CHECK(read.has_value(), read ? "" : read.error().message);
  return std::move(read).value();
}

TEST(OnnxIo, a_sound_file_is_read_without_a_note) {
  EXPECT_THAT(read_model(rich_model()).notes, testing::IsEmpty());
}

const std::string kNoText = "\xBE\xED\xB2\xE3/conv";  // GBK

TEST(OnnxIo, a_node_whose_name_is_no_text_gets_another_and_that_is_said) {
  for (const std::string& name : {kNoText, std::string("a\nb"), std::string("a\0b", 3)}) {
    ModelProto model = rich_model();
    model.mutable_graph()->mutable_node(0)->set_name(name);
    const ImportedModel read = read_model(model);
    EXPECT_EQ(read.graph.nodes[0].name, "Conv_0");
    ASSERT_EQ(read.notes.size(), 1U);
    EXPECT_THAT(read.notes[0], testing::HasSubstr("of a node (Conv, number 0)"));
    EXPECT_TRUE(is_plain_text(read.notes[0])) << read.notes[0];
  }
}

TEST(OnnxIo, inner_tensors_whose_names_are_no_text_get_others_in_subgraphs_too) {
  ModelProto model = rich_model();
  auto& graph = *model.mutable_graph();
  const std::string old = graph.node(0).output(0);
  for (auto& node : *graph.mutable_node()) {
    for (std::string& name : *node.mutable_input()) {
      if (name == old) name = kNoText;
    }
  }
  *graph.mutable_node(0)->mutable_output(0) = kNoText;
  AttributeProto& body = *graph.mutable_node(3)->add_attribute();
  body.set_name("body");
  body.set_type(AttributeProto::GRAPH);
  body.mutable_g()->add_node()->add_input(kNoText);
  const ImportedModel read = read_model(model);
  EXPECT_EQ(read.graph.nodes[0].outputs[0], "tensor_1");
  const auto& opaque = std::get<OpaqueAttribute>(read.graph.nodes[3].attributes.at("body"));
  EXPECT_THAT(opaque.captures, ElementsAre("tensor_1"));
  ASSERT_EQ(read.notes.size(), 1U);
  EXPECT_THAT(read.notes[0], testing::HasSubstr("\"tensor_1\""));
}

TEST(OnnxIo, a_weight_whose_name_is_no_text_is_no_input) {
  ModelProto model = rich_model();
  auto& graph = *model.mutable_graph();
  for (auto& weight : *graph.mutable_initializer()) {
    if (weight.name() == "conv_0.weight") weight.set_name(kNoText);
  }
  graph.mutable_node(0)->set_input(1, kNoText);
  graph.add_input()->set_name(kNoText);
  EXPECT_EQ(read_model(model).graph.inputs.size(), 1U);
}

TEST(OnnxIo, what_is_left_out_is_said) {
  ModelProto model = rich_model();
  auto& graph = *model.mutable_graph();
  graph.mutable_node(1)->set_name(graph.node(0).name());
  graph.mutable_node(2)->clear_name();
  graph.mutable_node(3)->set_doc_string("why");
  auto& unread = *graph.add_initializer();
  unread.set_name("left over");
  unread.set_data_type(TensorProto::FLOAT);
  unread.add_float_data(1);
  model.add_training_info();
  auto& entry = *model.add_metadata_props();
  entry.set_key("author");
  entry.set_value(kNoText);
  using testing::HasSubstr;
  EXPECT_THAT(
      read_model(model).notes,
      testing::UnorderedElementsAre(
          HasSubstr("stand in the file twice: \"conv_0\""),
          HasSubstr("1 of the 10 nodes have no name"), HasSubstr("1 nodes (doc_string)"),
          HasSubstr("Read by nothing, so candidates are without: \"left over\""),
          HasSubstr("training information"), HasSubstr("The metadata \"author\" is not UTF-8")));
}

}  // namespace
}  // namespace pare::engine
