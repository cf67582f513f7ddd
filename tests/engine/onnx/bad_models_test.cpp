// Files that are not one sound model: each is an error that names what and where.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <functional>
#include <random>

#include "engine/onnx/onnx_io.h"
#include "tests/support/graph_builder.h"

namespace pare::engine {
namespace {

using onnx::AttributeProto;
using onnx::ModelProto;
using onnx::TensorProto;
using testing::HasSubstr;

Result<Graph> import_bytes(const std::string& bytes, const ImportOptions& options = {}) {
  return import_onnx(std::as_bytes(std::span(bytes)), options);
}

// images -> Conv "conv_0" -> Relu "relu_0" -> Add "add_0" (with conv_0)
ModelProto good_model() {
  test::GraphBuilder b;
  const auto x = b.conv(b.input({1, 3, 8, 8}), {.channels = 4});
  b.output(b.add(x, b.relu(x)));
  ModelProto model;
  PARE_CHECK(model.ParseFromString(export_onnx(b.build())), "the good model is not one");
  return model;
}

struct Fault {
  const char* name;
  std::function<void(ModelProto&)> break_it;
  const char* message;
  ErrorCode code = ErrorCode::kInvalidArgument;
};

onnx::TensorShapeProto& input_shape(ModelProto& m) {
  return *m.mutable_graph()
              ->mutable_input(0)
              ->mutable_type()
              ->mutable_tensor_type()
              ->mutable_shape();
}

TensorProto& weight(ModelProto& m) {
  return *m.mutable_graph()->mutable_initializer(1);
}

class BadModel : public testing::TestWithParam<Fault> {};

TEST_P(BadModel, is_an_error_that_names_what_and_where) {
  ModelProto model = good_model();
  ASSERT_TRUE(import_bytes(model.SerializeAsString()));
  GetParam().break_it(model);
  const auto graph = import_bytes(model.SerializeAsString());
  ASSERT_FALSE(graph);
  EXPECT_THAT(graph.error().message, HasSubstr(GetParam().message));
  EXPECT_EQ(graph.error().code, GetParam().code);
}

constexpr auto kUnsupported = ErrorCode::kUnsupported;

INSTANTIATE_TEST_SUITE_P(
    Structure, BadModel,
    testing::Values(
        Fault{"no_graph", [](auto& m) { m.clear_graph(); }, "it has no graph"},
        Fault{"no_nodes", [](auto& m) { m.mutable_graph()->clear_node(); },
              "the graph has no nodes"},
        Fault{"no_inputs",
              [](auto& m) {
                m.mutable_graph()->mutable_node(0)->set_input(0, weight(m).name());
                m.mutable_graph()->clear_input();
              },
              "the model has no input"},
        Fault{"no_outputs", [](auto& m) { m.mutable_graph()->clear_output(); },
              "the model has no output"},
        Fault{"two_inputs",
              [](auto& m) {
                *m.mutable_graph()->add_input() = m.graph().input(0);
                m.mutable_graph()->mutable_input(1)->set_name("size");
              },
              "beside the image \"images\" the model has the input \"size\"", kUnsupported},
        Fault{"no_image",
              [](auto& m) {
                *m.mutable_graph()->add_input() = m.graph().input(0);
                m.mutable_graph()->mutable_input(1)->set_name("size");
                for (auto& input : *m.mutable_graph()->mutable_input()) {
                  input.mutable_type()
                      ->mutable_tensor_type()
                      ->mutable_shape()
                      ->mutable_dim()
                      ->RemoveLast();
                }
              },
              "none of the model's inputs is an image: \"images\" has not four dimensions",
              kUnsupported},
        Fault{"no_opset", [](auto& m) { m.clear_opset_import(); },
              "no opset of the default domain"},
        Fault{"opset_zero", [](auto& m) { m.mutable_opset_import(0)->set_version(0); },
              "opset 0 of domain \"\""},
        Fault{"output_no_text",
              [](auto& m) {
                *m.mutable_graph()->mutable_node(2)->mutable_output(0) = "\xBE\xED";
                m.mutable_graph()->mutable_output(0)->set_name("\xBE\xED");
              },
              "output \"\\xBE\\xED\": its name is not UTF-8", kUnsupported},
        Fault{"input_no_text",
              [](auto& m) { m.mutable_graph()->mutable_input(0)->set_name("a\nb"); },
              "input \"a\\x0Ab\": its name has control characters", kUnsupported},
        Fault{"operator_no_text",
              [](auto& m) { m.mutable_graph()->mutable_node(1)->set_op_type("\xBE\xED"); },
              "the operator of node \"relu_0\" is no text"},
        Fault{"functions", [](auto& m) { m.add_functions()->set_name("Mish"); },
              "functions of its own (the first is \"Mish\")", kUnsupported},
        Fault{"cycle", [](auto& m) { m.mutable_graph()->mutable_node(1)->set_input(0, "add_0"); },
              "node \"relu_0\" is on, or behind, a cycle"},
        Fault{"dangling",
              [](auto& m) { m.mutable_graph()->mutable_node(1)->set_input(0, "ghost"); },
              "node \"relu_0\" (Relu) reads tensor \"ghost\", which nothing makes"},
        Fault{"dangling_output",
              [](auto& m) { m.mutable_graph()->mutable_output(0)->set_name("o"); },
              "graph output \"o\" is made by nothing"},
        Fault{"tensor_twice",
              [](auto& m) { m.mutable_graph()->mutable_node(1)->set_output(0, "conv_0"); },
              "tensor \"conv_0\", made by node \"relu_0\", exists already"},
        Fault{"captured_name",
              [](auto& m) {
                AttributeProto& a = *m.mutable_graph()->mutable_node(1)->add_attribute();
                a.set_name("body");
                a.set_type(AttributeProto::GRAPH);
                a.mutable_g()->add_node()->add_input("outside");
              },
              "reads tensor \"outside\", which nothing makes"}),
    [](const auto& param) { return param.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Nodes, BadModel,
    testing::Values(
        Fault{"no_type", [](auto& m) { m.mutable_graph()->mutable_node(1)->clear_op_type(); },
              "node \"relu_0\" has no operator type"},
        Fault{"too_many_inputs",
              [](auto& m) { m.mutable_graph()->mutable_node(1)->add_input("conv_0"); },
              "node \"relu_0\" (Relu) has 2 inputs, the operator takes 1"},
        Fault{"no_first_input",
              [](auto& m) { m.mutable_graph()->mutable_node(1)->set_input(0, ""); },
              "node \"relu_0\" (Relu) has no first input"},
        Fault{"attribute_kind",
              [](auto& m) {
                AttributeProto& a = *m.mutable_graph()->mutable_node(0)->mutable_attribute(0);
                a.set_type(AttributeProto::STRING);
                a.set_s("2");
              },
              "attribute \"group\" of node \"conv_0\" (Conv) is not of the kind INT"},
        Fault{"attribute_twice",
              [](auto& m) {
                auto& node = *m.mutable_graph()->mutable_node(0);
                *node.add_attribute() = node.attribute(0);
              },
              "node \"conv_0\" has attribute \"group\" twice"},
        Fault{"function_attribute",
              [](auto& m) {
                m.mutable_graph()->mutable_node(0)->mutable_attribute(0)->set_ref_attr_name("g");
              },
              "refers to the attribute of a function"},
        Fault{"empty_constant",
              [](auto& m) {
                auto& node = *m.mutable_graph()->add_node();
                node.set_op_type("Constant");
                node.add_output("c");
              },
              "node \"Constant_3\" is a Constant without one value"},
        Fault{"constant_of_strings",
              [](auto& m) {
                auto& node = *m.mutable_graph()->add_node();
                node.set_op_type("Constant");
                node.add_output("c");
                AttributeProto& a = *node.add_attribute();
                a.set_name("value_string");
                a.set_type(AttributeProto::STRING);
              },
              "node \"Constant_3\" is a Constant of strings", kUnsupported}),
    [](const auto& param) { return param.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Tensors, BadModel,
    testing::Values(
        Fault{"external", [](auto& m) { weight(m).set_data_location(TensorProto::EXTERNAL); },
              "constant \"conv_0.weight\" keeps its data in another file", kUnsupported},
        Fault{"segment", [](auto& m) { weight(m).mutable_segment()->set_begin(0); },
              "constant \"conv_0.weight\" is stored in segments", kUnsupported},
        Fault{"bfloat16", [](auto& m) { weight(m).set_data_type(TensorProto::BFLOAT16); },
              "constant \"conv_0.weight\" has element type bfloat16", kUnsupported},
        Fault{"unknown_type", [](auto& m) { weight(m).set_data_type(99); },
              "has element type number 99", kUnsupported},
        Fault{"too_few_bytes", [](auto& m) { weight(m).mutable_raw_data()->pop_back(); },
              "4x3x3x3 of float32, which is 432 bytes, but holds 431"},
        Fault{"negative", [](auto& m) { weight(m).set_dims(0, -4); }, "has the shape -4x3x3x3"},
        Fault{"overflow",
              [](auto& m) {
                for (int axis = 0; axis < 4; ++axis)
                  weight(m).set_dims(axis, std::int64_t{1} << 32);
              },
              "constant \"conv_0.weight\" has the shape 4294967296x"},
        Fault{"constant_twice", [](auto& m) { *m.mutable_graph()->add_initializer() = weight(m); },
              "constant \"conv_0.weight\" exists twice"},
        Fault{"sparse",
              [](auto& m) {
                m.mutable_graph()->add_sparse_initializer()->mutable_values()->set_name("w");
              },
              "constant \"w\" is sparse", kUnsupported}),
    [](const auto& param) { return param.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Inputs, BadModel,
    testing::Values(
        Fault{
            "height_open", [](auto& m) { input_shape(m).mutable_dim(2)->set_dim_param("h"); },
            "input \"images\", dimension 2 of 4, is left open by the file; say the input's height "
            "and width (--input HxW, or \"input\": [height, width] in the card)"},
        Fault{"height_open_channels_last",
              [](auto& m) {
                input_shape(m).mutable_dim(1)->set_dim_param("h");
                input_shape(m).mutable_dim(3)->set_dim_value(3);
              },
              "input \"images\", dimension 1 of 4, is left open by the file; say the input's"},
        Fault{"one_of_three_open",
              [](auto& m) {
                input_shape(m).mutable_dim()->DeleteSubrange(0, 1);
                input_shape(m).mutable_dim(1)->clear_dim_value();
              },
              "dimension 1 of 3, is left open by the file and is not a height or width"},
        Fault{"batch", [](auto& m) { input_shape(m).mutable_dim(0)->set_dim_value(8); },
              "input \"images\" has a fixed batch of 8", kUnsupported},
        Fault{"huge", [](auto& m) { input_shape(m).mutable_dim(3)->set_dim_value(1 << 30); },
              "dimension 3 of 4, is 1073741824"},
        Fault{"no_shape",
              [](auto& m) {
                m.mutable_graph()
                    ->mutable_input(0)
                    ->mutable_type()
                    ->mutable_tensor_type()
                    ->clear_shape();
              },
              "input \"images\" declares no shape; say the input's height and width"},
        Fault{"scalar", [](auto& m) { input_shape(m).clear_dim(); },
              "input \"images\" is a single number, no image"},
        Fault{"not_a_tensor",
              [](auto& m) {
                m.mutable_graph()->mutable_input(0)->mutable_type()->mutable_sequence_type();
              },
              "input \"images\" is not a tensor", kUnsupported},
        Fault{"output_of_strings",
              [](auto& m) {
                m.mutable_graph()
                    ->mutable_output(0)
                    ->mutable_type()
                    ->mutable_tensor_type()
                    ->set_elem_type(TensorProto::STRING);
              },
              "output \"add_0\" has element type string", kUnsupported}),
    [](const auto& param) { return param.param.name; });

TEST(BadBytes, empty_or_cut_off_anywhere_are_an_error) {
  const std::string bytes = good_model().SerializeAsString();
  EXPECT_THAT(import_bytes("").error().message, HasSubstr("the file is empty"));
  for (std::size_t length = 1; length < bytes.size(); ++length) {
    EXPECT_FALSE(import_bytes(bytes.substr(0, length))) << length;
  }
  EXPECT_FALSE(import_bytes(bytes + '\x0c'));  // the end of a group that never began
}

TEST(BadBytes, random_ones_are_an_error_and_flipped_ones_never_crash) {
  std::mt19937 random(5);
  const std::string bytes = good_model().SerializeAsString();
  for (int round = 0; round < 3000; ++round) {
    std::string noise(random() % 300, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    EXPECT_FALSE(import_bytes(noise));
    std::string flipped = bytes;
    for (int i = 0; i < 3; ++i)
      flipped[random() % flipped.size()] ^= static_cast<char>(1 << random() % 8);
    const auto graph = import_bytes(flipped);
    if (graph) {
      EXPECT_TRUE(verify(graph.value()));
    }
  }
}

TEST(BadBytes, subgraphs_inside_subgraphs_without_end_are_an_error) {
  ModelProto model = good_model();
  onnx::GraphProto* graph = model.mutable_graph();
  for (int depth = 0; depth < 100; ++depth) {
    AttributeProto& a = *graph->add_node()->add_attribute();
    a.set_type(AttributeProto::GRAPH);
    graph = a.mutable_g();
  }
  EXPECT_THAT(import_bytes(model.SerializeAsString()).error().message, HasSubstr("do not parse"));
}

TEST(BadFile, is_named) {
  const auto graph = import_onnx_file("no/such/model.onnx");
  ASSERT_FALSE(graph);
  EXPECT_EQ(graph.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(graph.error().message, "no/such/model.onnx cannot be read");
  EXPECT_EQ(import_onnx_file(testing::TempDir()).error().code, ErrorCode::kNotFound);  // a folder
}

}  // namespace
}  // namespace pare::engine
