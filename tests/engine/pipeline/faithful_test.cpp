// What candidates set out from, against the bytes that were uploaded.
#include "engine/pipeline/faithful.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/pipeline/uploaded_file.h"

namespace pare::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<std::vector<std::string>> checked(const Detector& detector, const Graph& file) {
  const std::string onnx = export_onnx(file);
  return check_faithful(detector, test::bytes_of(onnx), std::nullopt);
}

TEST(Faithful, what_was_rewritten_without_harm_is_said_to_be_equal) {
  const Graph file = test::small_network();
  const auto notes = checked(test::opened(file), file);
  ASSERT_TRUE(notes) << notes.error().message;
  EXPECT_THAT(
      notes.value(),
      ElementsAre(HasSubstr("Compared with the uploaded file on OpenVINO: outputs differ")));
}

TEST(Faithful, the_operator_that_computes_something_else_is_named) {
  const Graph file = test::small_network();
  Detector detector = test::opened(file);
  for (Node& node : detector.body.nodes) {
    if (node.op != "Resize") continue;
    node.attributes["mode"] = std::string("linear");
    node.attributes["coordinate_transformation_mode"] = std::string("half_pixel");
  }
  const auto notes = checked(detector, file);
  ASSERT_FALSE(notes);
  EXPECT_EQ(notes.error().code, ErrorCode::kInternal);
  EXPECT_THAT(notes.error().message, HasSubstr("node \"resize_0\" (Resize) computes something"));
}

// Scores beside coordinates a thousand times as large.
TEST(Faithful, a_small_column_is_compared_by_its_own_range) {
  test::GraphBuilder b;
  const auto x = b.conv(b.input({1, 3, 8, 8}), {.channels = 2, .kernel = 1, .name = "first"});
  const auto large = b.mul(x, b.constant({1, 2, 1, 1}, 1e5F, 2e5F));
  const auto small = b.sigmoid(b.conv(x, {.channels = 2, .kernel = 1, .name = "score"}));
  b.output(b.concat({large, small}));
  const Graph file = b.build();
  Detector detector = test::opened(file);
  detector.body.constants.at("score.bias") = test::random_tensor({2}, 77);
  const auto notes = checked(detector, file);
  ASSERT_FALSE(notes);
  EXPECT_THAT(notes.error().message, HasSubstr("\"score\" (Conv)"));
}

TEST(Faithful, a_file_that_openvino_misreads_is_not_compared_on_it) {
  test::GraphBuilder b(1, 11);
  const auto x = b.conv(b.input({1, 3, 8, 8}), {.channels = 4});
  b.output(b.node("Softmax", {x}, {{1, 4, 8, 8}}, {{"axis", std::int64_t{1}}})[0]);
  const Graph file = b.build();
  const auto notes = checked(test::opened(file), file);
  ASSERT_TRUE(notes) << notes.error().message;
  EXPECT_THAT(notes.value(), ElementsAre(HasSubstr("Not compared with the uploaded file")));
}

TEST(Faithful, what_chooses_between_equals_may_choose_otherwise) {
  test::GraphBuilder b;
  const auto x = b.conv(b.input({1, 3, 8, 8}), {.channels = 2, .kernel = 1, .name = "first"});
  const auto y = b.conv(x, {.channels = 4, .kernel = 1, .name = "second"});
  b.output(b.node("ArgMax", {y}, {{1, 1, 8, 8}}, {{"axis", std::int64_t{1}}})[0]);
  Graph file = b.build();
  file.outputs[0].dtype = DType::kInt64;
  // All four classes equal but for the last digit, which decides.
  Tensor& weight = file.constants.at("second.weight");
  weight = Tensor::of<float>(weight.shape(), std::vector<float>(8, 0.1F));
  Tensor& bias = file.constants.at("second.bias");
  bias = Tensor::of<float>({4}, std::vector<float>{0, 0, 0, 1e-5F});
  Detector detector = test::opened(file);
  ASSERT_TRUE(checked(detector, file));
  detector.body.constants.at("second.bias") =
      Tensor::of<float>({4}, std::vector<float>{1e-5F, 0, 0, 0});
  const auto notes = checked(detector, file);
  ASSERT_TRUE(notes) << notes.error().message;
  EXPECT_THAT(notes.value(), ElementsAre(HasSubstr("equal up to choices")));
}

}  // namespace
}  // namespace pare::engine
