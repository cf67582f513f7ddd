// Files whose numbers are not float32: opened, and written again.
#include "engine/pipeline/edge_types.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <algorithm>

#include "engine/executor/file_runner.h"
#include "engine/pipeline/faithful.h"
#include "tests/engine/pipeline/uploaded_file.h"

namespace pare::engine {
namespace {

using test::in_type;
using test::opened;
using test::small_network;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

// The file and what was written of it, each as its bytes are on OpenVINO, on the same image.
double difference(const Graph& file, const std::string& candidate) {
  const std::string onnx = export_onnx(file);
  const Graph written = import_onnx(test::bytes_of(candidate)).value();
  EXPECT_EQ(written.inputs[0].dtype, file.inputs[0].dtype);
  EXPECT_EQ(written.outputs[0].dtype, file.outputs[0].dtype);
  const Tensor image =
      converted(test::random_tensor(file.inputs[0].shape, 5, 0, 100), file.inputs[0].dtype);
  const auto theirs = run_file(test::bytes_of(onnx), file, {image});
  const auto ours = run_file(test::bytes_of(candidate), written, {image});
  PARE_CHECK(theirs.has_value() && ours.has_value(), "both run");
  const std::string& output = file.outputs[0].name;
  return test::relative_error(with_float32(ours.value()[0].at(output)),
                              with_float32(theirs.value()[0].at(output)));
}

class OtherFloat : public testing::TestWithParam<DType> {};

TEST_P(OtherFloat, is_float32_inside_and_stays_at_the_edges) {
  const Graph file = in_type(small_network(), GetParam());
  const Detector detector = opened(file);
  for (const auto& [name, tensor] : detector.body.constants) {
    EXPECT_FALSE(is_float(tensor.dtype()) && tensor.dtype() != DType::kFloat32) << name;
  }
  EXPECT_EQ(detector.body.inputs[0].dtype, DType::kFloat32);
  const std::string type(name_of(GetParam()));
  EXPECT_THAT(detector.notes, Contains(HasSubstr("holds " + type + " numbers")));
  EXPECT_THAT(detector.notes,
              Contains("Input \"images\" is " + type + ", and stays so in candidates."));
  const auto candidate = test::unchanged(detector);
  ASSERT_TRUE(candidate) << candidate.error().message;
  EXPECT_LT(difference(file, candidate.value().onnx), 2e-3);
}

TEST_P(OtherFloat, inside_alone_is_float32_in_candidates) {
  Graph file = in_type(small_network(), GetParam());
  file.inputs[0].dtype = file.outputs[0].dtype = DType::kFloat32;
  const auto to = [](DType dtype) -> std::map<std::string, Attribute> {
    return {{"to", std::int64_t{dtype == DType::kFloat16   ? 10
                                : dtype == DType::kFloat64 ? 11
                                                           : 1}}};
  };
  file.nodes.front().inputs[0] = "narrow";
  file.nodes.insert(file.nodes.begin(),
                    Node{"in", "Cast", "", {"images"}, {"narrow"}, to(GetParam())});
  file.nodes.back().outputs[0] = "inner";
  file.nodes.push_back({"out", "Cast", "", {"inner"}, {"last"}, to(DType::kFloat32)});
  const Detector detector = opened(file);
  for (const Node& node : detector.body.nodes) EXPECT_NE(node.op, "Cast");
  const auto candidate = test::unchanged(detector);
  ASSERT_TRUE(candidate) << candidate.error().message;
  EXPECT_LT(difference(file, candidate.value().onnx), 2e-3);
}

INSTANTIATE_TEST_SUITE_P(Types, OtherFloat, testing::Values(DType::kFloat16, DType::kFloat64));

// The image as integers, cast to floats first.
Graph with_integer_image(DType dtype) {
  Graph graph = small_network();
  graph.inputs[0].dtype = dtype;
  graph.nodes.front().inputs[0] = "floats";
  graph.nodes.insert(graph.nodes.begin(),
                     Node{"cast", "Cast", "", {"images"}, {"floats"}, {{"to", std::int64_t{1}}}});
  return graph;
}

PartialCard without_preprocessing() {
  PartialCard card;
  card.head = "raw";
  return card;
}

TEST(IntegerImage, takes_pixels_as_they_are_and_stays_an_image_of_integers) {
  for (const DType dtype : {DType::kUint8, DType::kInt32}) {
    const Graph file = with_integer_image(dtype);
    const Detector detector = opened(file, without_preprocessing());
    EXPECT_EQ(detector.card.preprocessing.std, std::vector<double>(3, 1));
    EXPECT_EQ(detector.body.nodes.front().op, "Conv");
    const auto candidate = test::unchanged(detector);
    ASSERT_TRUE(candidate) << candidate.error().message;
    EXPECT_LT(difference(file, candidate.value().onnx), 1e-5);
  }
}

TEST(IntegerImage, of_int8_is_less_128) {
  const Graph file = with_integer_image(DType::kInt8);
  const Detector detector = opened(file, without_preprocessing());
  EXPECT_EQ(detector.card.preprocessing.mean, std::vector<double>(3, 128));
  const auto candidate = test::unchanged(detector);
  ASSERT_TRUE(candidate) << candidate.error().message;
  EXPECT_LT(difference(file, candidate.value().onnx), 1e-5);
}

TEST(IntegerImage, that_others_read_too_stays_integers_for_them) {
  Graph file = with_integer_image(DType::kUint8);
  // Integers wrap where floats do not.
  const std::vector<std::uint8_t> two(1, 200);
  file.constants.emplace("two", Tensor::of<std::uint8_t>({}, two));
  file.nodes[0].inputs[0] = "sum";
  file.nodes.insert(file.nodes.begin(), Node{"sum", "Add", "", {"images", "two"}, {"sum"}, {}});
  file.opset = 14;  // the first with an Add of uint8
  const Detector detector = opened(file, without_preprocessing());
  const auto candidate = test::unchanged(detector);
  ASSERT_TRUE(candidate) << candidate.error().message;
  EXPECT_LT(difference(file, candidate.value().onnx), 1e-5);
}

TEST(IntegerImage, is_refused_where_the_card_makes_fractions_of_pixels) {
  PartialCard card = test::raw_card();
  card.preprocessing->std = {255, 255, 255};
  const auto detector = test::open_graph(with_integer_image(DType::kUint8), card);
  EXPECT_THAT(test::message_of(detector),
              HasSubstr("input \"images\" takes uint8, and the card makes 0.003922 of a pixel"));
}

// The image of 1x32x32x3, brought into order by what is done with it first.
Graph with_channels_last(Graph graph, DType dtype) {
  graph.inputs[0].dtype = dtype;
  graph.inputs[0].shape = {1, 32, 32, 3};
  const std::vector<float> mean = {10, 20, 30};
  graph.constants.emplace("mean", Tensor::of<float>({3}, mean));
  graph.nodes.front().inputs[0] = "first";
  const std::vector<Node> before = {
      {"cast", "Cast", "", {"images"}, {"floats"}, {{"to", std::int64_t{1}}}},
      {"sub", "Sub", "", {"floats", "mean"}, {"centred"}, {}},
      {"turn",
       "Transpose",
       "",
       {"centred"},
       {"first"},
       {{"perm", std::vector<std::int64_t>{0, 3, 1, 2}}}}};
  graph.nodes.insert(graph.nodes.begin(), before.begin(), before.end());
  return graph;
}

TEST(ChannelsLast, are_second_inside_and_stay_last_in_candidates) {
  for (const DType dtype : {DType::kUint8, DType::kFloat32, DType::kFloat16}) {
    const Graph file = with_channels_last(small_network(), dtype);
    const Detector detector = opened(file);
    EXPECT_THAT(detector.body.inputs[0].shape, ElementsAre(1, 3, 32, 32));
    EXPECT_THAT(detector.notes, Contains(HasSubstr("has its channels last, as 1x32x32x3")));
    const auto candidate = test::unchanged(detector);
    ASSERT_TRUE(candidate) << candidate.error().message;
    const Graph written = import_onnx(test::bytes_of(candidate.value().onnx)).value();
    EXPECT_THAT(written.inputs[0].shape, ElementsAre(1, 32, 32, 3));
    EXPECT_LT(difference(file, candidate.value().onnx), 1e-3);
    const std::string bytes = export_onnx(file);
    const auto compared = check_faithful(detector, test::bytes_of(bytes), std::nullopt);
    ASSERT_TRUE(compared) << compared.error().message;
  }
}

TEST(ChannelsLast, a_transpose_of_the_files_own_goes) {
  Graph file = with_channels_last(small_network(), DType::kFloat32);
  file.nodes.erase(file.nodes.begin(), file.nodes.begin() + 2);
  file.nodes.front().inputs[0] = "images";
  file.constants.erase("mean");
  const Detector detector = opened(file);
  EXPECT_EQ(detector.body.nodes.front().op, "Conv");
  const auto candidate = test::unchanged(detector);
  ASSERT_TRUE(candidate) << candidate.error().message;
  EXPECT_LT(difference(file, candidate.value().onnx), 1e-5);
}

TEST(ChannelsLast, are_refused_where_a_subgraph_reads_the_image) {
  Graph file = with_channels_last(small_network(), DType::kFloat32);
  file.nodes.back().attributes.emplace("body", OpaqueAttribute{"", {"images"}});
  const auto turned = with_channels_second({file, {}, {}});
  ASSERT_FALSE(turned);
  EXPECT_THAT(turned.error().message, HasSubstr("a subgraph reads input \"images\""));
}

TEST(IntegerImage, of_booleans_is_refused) {
  EXPECT_THAT(test::message_of(test::open_graph(with_integer_image(DType::kBool))),
              HasSubstr("takes booleans, no image"));
}

// As PaddleDetection exports: what its outputs are multiplied with is an input.
TEST(ExtraInputs, are_gone_in_candidates_which_compute_what_the_file_does) {
  Graph file = small_network();
  const std::vector<float> factor = {1, 1};
  file.constants.emplace("scale_factor", Tensor::of<float>({1, 2}, factor));
  file.constants.emplace("ones", test::random_tensor({2, 1}, 3, 1, 1.5F));
  file.nodes.back().outputs[0] = "inner";
  file.nodes.push_back({"scale", "MatMul", "", {"scale_factor", "ones"}, {"by"}, {}});
  file.nodes.push_back({"scaled", "Mul", "", {"inner", "by"}, {"last"}, {}});
  onnx::ModelProto model;
  ASSERT_TRUE(model.ParseFromString(export_onnx(file)));
  onnx::GraphProto& graph = *model.mutable_graph();
  auto& weights = *graph.mutable_initializer();
  weights.erase(std::ranges::find(weights, "scale_factor", &onnx::TensorProto::name));
  onnx::ValueInfoProto& input = *graph.add_input();
  input.set_name("scale_factor");
  auto& type = *input.mutable_type()->mutable_tensor_type();
  type.set_elem_type(onnx::TensorProto::FLOAT);
  type.mutable_shape()->add_dim()->set_dim_param("batch");
  type.mutable_shape()->add_dim()->set_dim_value(2);
  const std::string bytes = model.SerializeAsString();
  const auto detector = open_detector(test::bytes_of(bytes), test::raw_card());
  ASSERT_TRUE(detector) << detector.error().message;
  const auto compared = check_faithful(detector.value(), test::bytes_of(bytes), std::nullopt);
  ASSERT_TRUE(compared) << compared.error().message;
  EXPECT_THAT(compared.value(), Contains(HasSubstr("outputs differ by at most")));
  const auto candidate = test::unchanged(detector.value());
  ASSERT_TRUE(candidate) << candidate.error().message;
  EXPECT_EQ(import_onnx(test::bytes_of(candidate.value().onnx)).value().inputs.size(), 1U);
}

}  // namespace
}  // namespace pare::engine
