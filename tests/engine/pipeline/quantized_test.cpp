// Files that are int8 already, and those that only look it.
#include "engine/pipeline/quantized.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/pipeline/uploaded_file.h"

namespace pare::engine {
namespace {

using testing::Contains;
using testing::HasSubstr;

Tensor scalar(float value) {
  return Tensor::of<float>({}, std::span(&value, 1));
}

Tensor zero_point() {
  const std::int8_t zero = 0;
  return Tensor::of<std::int8_t>({}, std::span(&zero, 1));
}

// Q and DQ before the first convolution.
Graph with_quantized_image() {
  Graph graph = test::small_network();
  graph.constants.emplace("scale", scalar(0.5F));
  graph.constants.emplace("zero", zero_point());
  graph.nodes.front().inputs[0] = "dequantized";
  graph.nodes.insert(
      graph.nodes.begin(),
      {Node{"q", "QuantizeLinear", "", {"images", "scale", "zero"}, {"quantized"}, {}},
       Node{"dq", "DequantizeLinear", "", {"quantized", "scale", "zero"}, {"dequantized"}, {}}});
  return graph;
}

TEST(Quantized, a_file_whose_activations_are_int8_is_turned_back_and_says_so) {
  const Detector detector = test::opened(with_quantized_image());
  EXPECT_TRUE(detector.was_int8);
  EXPECT_THAT(detector.notes,
              Contains(HasSubstr("int8 already (1 DequantizeLinear, 1 QuantizeLinear)")));
  EXPECT_EQ(detector.body.nodes.front().op, "Conv");
  const auto candidate = test::unchanged(detector);
  ASSERT_TRUE(candidate) << candidate.error().message;
}

TEST(Quantized, one_that_cannot_be_turned_back_is_refused_by_name) {
  Graph graph = with_quantized_image();
  graph.nodes.back().op = "QAttention";
  const auto detector = test::open_graph(graph);
  EXPECT_EQ(detector.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(detector.error().message,
              HasSubstr("(QAttention) computes on integers, and in a way that is not known here"));
}

TEST(Quantized, weights_that_are_only_stored_as_int8_are_folded) {
  Graph graph = test::small_network();
  const Tensor weights = graph.constants.extract("last.weight").mapped();
  graph.constants.emplace(
      "stored", converted(test::random_tensor(weights.shape(), 1, -100, 100), DType::kInt8));
  graph.constants.emplace("scale", scalar(0.01F));
  graph.constants.emplace("zero", zero_point());
  graph.nodes.insert(
      graph.nodes.begin(),
      Node{"dq", "DequantizeLinear", "", {"stored", "scale", "zero"}, {"last.weight"}, {}});
  const Detector detector = test::opened(graph);
  EXPECT_EQ(detector.body.constants.at("last.weight").dtype(), DType::kFloat32);
  EXPECT_FALSE(detector.was_int8);
  EXPECT_TRUE(test::unchanged(detector));
}

}  // namespace
}  // namespace pare::engine
