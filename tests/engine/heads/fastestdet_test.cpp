#include "engine/heads/fastestdet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/engine/heads/small_detectors.h"
#include "tests/engine/heads/small_fastestdet.h"

namespace pare::engine {
namespace {

using test::FastestdetWriting;
using test::observed;
using test::SmallFastestdet;
using ::testing::HasSubstr;

const std::vector<FastestdetWriting> kWritings = {
    {},
    {.opset = 11},
    {.there = {0, 2, 3, 1}, .back = {0, 3, 1, 2}, .axis = -1},
    {.there = {}, .back = {}, .axis = 1}};

TEST(Fastestdet, every_way_of_writing_the_softmax_is_recognised) {
  for (const FastestdetWriting& how : kWritings) {
    const Graph graph = SmallFastestdet(how).graph();
    const auto match = find_head(graph, observed(graph));
    ASSERT_TRUE(match) << match.error().message;
    EXPECT_EQ(match.value().head, "fastestdet");
    EXPECT_EQ(match.value().classes, SmallFastestdet::kClasses);
    ASSERT_EQ(match.value().levels.size(), 1U);
    EXPECT_EQ(match.value().levels[0].stride, 16);
  }
}

TEST(Fastestdet, input_sizes_follow_the_coarsest_map_not_the_one_of_the_boxes) {
  const Graph graph = SmallFastestdet({}).graph();
  EXPECT_EQ(largest_stride(find_head(graph, observed(graph)).value()), 32);
}

TEST(Fastestdet, cut_and_attached_again_it_computes_the_same) {
  for (const FastestdetWriting& how : kWritings) {
    const Graph graph = SmallFastestdet(how).graph();
    const Observation seen = observed(graph);
    const auto match = find_head(graph, seen);
    ASSERT_TRUE(match) << match.error().message;
    const auto again = attach_head(cut(graph, seen, match.value()), match.value());
    ASSERT_TRUE(again) << again.error().message;
    ASSERT_TRUE(verify(again.value())) << verify(again.value()).error().message;
    EXPECT_LT(test::difference(graph, again.value()), 1e-6);
  }
}

TEST(Fastestdet, a_tail_that_computes_something_else_is_not_taken_for_it) {
  const std::vector<std::pair<FastestdetWriting, const char*>> table = {
      {{.sigmoid = false}, "is made by Relu \"relu_2\", not by Sigmoid"},
      {{.axis = 2}, "is not taken over the channels"},
      {{.opset = 11, .there = {}, .back = {}, .axis = 1}, "is not taken over the channels"},
  };
  for (const auto& [how, reason] : table) {
    const Graph graph = SmallFastestdet(how).graph();
    const auto match = find_head(graph, observed(graph), "fastestdet");
    ASSERT_FALSE(match) << reason;
    EXPECT_EQ(match.error().code, ErrorCode::kUnsupported);
    EXPECT_THAT(match.error().message, HasSubstr(reason));
  }
}

// A map of 2 x 3 cells of 16 pixels, two classes; cell (line 1, column 2) by hand.
TEST(Fastestdet, every_class_of_a_cell_is_scored_with_both_powers) {
  std::vector<float> map(7 * 6, 0);
  const float values[] = {0.5F, 0.25F, -0.5F, 0, std::log(3.0F), 0.2F, 0.8F};
  for (std::size_t c = 0; c < 7; ++c) map[c * 6 + 5] = values[c];
  const std::vector<Tensor> outputs = {Tensor::of<float>({1, 7, 2, 3}, map)};
  const auto found = head_fastestdet().decode(outputs, 32, 48, 0.01);
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found.value().size(), 2U);
  EXPECT_NEAR(found.value()[0].score, std::pow(0.5, 0.6) * std::pow(0.2, 0.4), 1e-6);
  const Detection& d = found.value()[1];
  EXPECT_EQ(d.category, 1);
  EXPECT_NEAR(d.score, std::pow(0.5, 0.6) * std::pow(0.8, 0.4), 1e-6);
  EXPECT_NEAR(d.box.width, 24, 1e-5);
  EXPECT_NEAR(d.box.height, 24, 1e-5);
  EXPECT_NEAR(d.box.x, (std::tanh(0.25) + 2) * 16 - 12, 1e-5);
  EXPECT_NEAR(d.box.y, (std::tanh(-0.5) + 1) * 16 - 12, 1e-5);
  EXPECT_EQ(head_fastestdet().classes(outputs), 2);
}

TEST(Fastestdet, outputs_of_another_shape_are_refused_with_it) {
  const std::vector<Tensor> outputs = {
      Tensor::of<float>({1, 7, 2, 3}, std::vector<float>(7 * 6, 0))};
  EXPECT_EQ(
      head_fastestdet().decode(outputs, 32, 50, 0.01).error().message,
      "head fastestdet: outputs (1, 7, 2, 3) for an input of 32 x 50; expected one of (1, 5 + "
      "classes, height / stride, width / stride)");
  EXPECT_FALSE(head_fastestdet().decode({}, 32, 48, 0.01));
}

}  // namespace
}  // namespace pare::engine
