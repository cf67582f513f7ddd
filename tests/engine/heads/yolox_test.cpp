#include "engine/heads/yolox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "engine/executor/openvino_runner.h"
#include "tests/engine/heads/small_detectors.h"

namespace pare::engine {
namespace {

using test::observed;
using ::testing::HasSubstr;

constexpr int kRows = 8 * 12 + 4 * 6 + 2 * 3;  // 64 x 96 at strides 8, 16, 32

TEST(Yolox, a_tail_on_a_bare_body_is_recognised_as_what_was_asked_for) {
  for (const int opset : {11, 13, 17}) {
    const auto body = test::small_yolox_body(6, opset);
    const auto whole = append_yolox_tail(body.graph, body.levels, 6, "boxes");
    ASSERT_TRUE(whole) << whole.error().message;
    ASSERT_TRUE(verify(whole.value())) << verify(whole.value()).error().message;
    ASSERT_EQ(whole.value().outputs.size(), 1U);
    EXPECT_EQ(whole.value().outputs[0].shape, (Shape{1, kRows, 11}));
    const auto match = find_head(whole.value(), observed(whole.value()));
    ASSERT_TRUE(match) << match.error().message;
    EXPECT_EQ(match.value().head, "yolox");
    EXPECT_EQ(match.value().classes, 6);
    EXPECT_EQ(match.value().outputs, std::vector<std::string>{"boxes"});
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(match.value().levels[i].stride, body.levels[i].stride);
      EXPECT_EQ(match.value().levels[i].tensors, body.levels[i].tensors);
    }
  }
}

TEST(Yolox, cut_gives_the_bare_body_back) {
  const auto body = test::small_yolox_body(6);
  const auto whole = append_yolox_tail(body.graph, body.levels, 6, "boxes");
  ASSERT_TRUE(whole);
  const Observation seen = observed(whole.value());
  const Graph again = cut(whole.value(), seen, find_head(whole.value(), seen).value());
  ASSERT_EQ(again.nodes.size(), body.graph.nodes.size());
  for (std::size_t i = 0; i < again.nodes.size(); ++i) {
    EXPECT_EQ(again.nodes[i].name, body.graph.nodes[i].name);
  }
  EXPECT_EQ(again.constants.size(), body.graph.constants.size());
  ASSERT_EQ(again.outputs.size(), 9U);
  EXPECT_EQ(again.outputs[1].name, body.levels[0].tensors[1]);
}

// One row by hand: column 2, line 1 of the stride of 16.
TEST(Yolox, the_grid_and_the_stride_are_applied_when_boxes_are_read) {
  std::vector<float> rows(kRows * 7, 0);
  float* row = &rows[(8 * 12 + 1 * 6 + 2) * 7];
  const float values[] = {0.5F, 0.25F, std::log(2.0F), 0, 0.8F, 0.5F, 0.9F};
  std::copy(std::begin(values), std::end(values), row);
  const std::vector<Tensor> outputs = {Tensor::of<float>({1, kRows, 7}, rows)};
  const auto found = head_yolox().decode(outputs, 64, 96, 0.01);
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found.value().size(), 2U);
  const Detection& d = found.value()[0];
  EXPECT_NEAR(d.box.width, 32, 1e-5);
  EXPECT_NEAR(d.box.height, 16, 1e-5);
  EXPECT_NEAR(d.box.x, 2.5 * 16 - 16, 1e-5);
  EXPECT_NEAR(d.box.y, 1.25 * 16 - 8, 1e-5);
  EXPECT_NEAR(d.score, 0.4, 1e-6);
  EXPECT_EQ(found.value()[1].category, 1);
  EXPECT_NEAR(found.value()[1].score, 0.72, 1e-6);
}

TEST(Yolox, the_number_of_rows_decides_and_a_wrong_one_is_refused) {
  const std::vector<float> rows(std::size_t{(kRows + 1) * 7}, 0);
  const std::vector<Tensor> four = {Tensor::of<float>({1, kRows + 1, 7}, rows)};
  EXPECT_TRUE(head_yolox().decode(four, 64, 96, 0.01)) << "a fourth stride of 64 adds one cell";
  EXPECT_EQ(head_yolox().decode(four, 96, 96, 0.01).error().message,
            "head yolox: outputs (1, 127, 7) for an input of 96 x 96; expected one of (1, 189, 5 + "
            "classes)");
}

TEST(Yolox, a_tail_cannot_stand_on_what_is_not_there) {
  auto body = test::small_yolox_body(6);
  body.levels[1].tensors[2] = "gone";
  EXPECT_EQ(append_yolox_tail(body.graph, body.levels, 6, "boxes").error().message,
            "no decode tail can stand on this body: no node makes \"gone\"");
  EXPECT_EQ(append_yolox_tail(body.graph, {}, 6, "boxes").error().message,
            "no decode tail can stand on this body: the head has no levels");
}

TEST(Yolox, strides_that_decode_could_not_tell_apart_are_refused) {
  auto body = test::small_yolox_body(6);
  body.levels.erase(body.levels.begin());
  const auto whole = append_yolox_tail(body.graph, body.levels, 6, "boxes");
  ASSERT_TRUE(whole);
  const auto match = find_head(whole.value(), observed(whole.value()), "yolox");
  ASSERT_FALSE(match);
  EXPECT_THAT(match.error().message,
              HasSubstr("nearly, but its strides are 16, 32 (30 rows), not 8, 16, 32"));
}

std::string names_of_heads() {
  std::string names;
  for (const HeadDef& head : all_heads()) {
    names += (names.empty() ? "" : ", ") + std::string(head.name);
  }
  return names;
}

TEST(FindHead, an_unknown_name_is_refused_with_the_names_there_are) {
  const auto body = test::small_yolox_body(6);
  const auto match = find_head(body.graph, observed(body.graph), "yolo");
  ASSERT_FALSE(match);
  EXPECT_EQ(match.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(match.error().message, "head \"yolo\": no such head; there are " + names_of_heads());
}

TEST(FindHead, a_model_without_a_head_is_refused_with_its_outputs_and_every_reason) {
  test::GraphBuilder b;
  b.output(b.conv(b.input({1, 3, 16, 16}), {.channels = 8}));
  const Graph graph = b.build();
  const auto match = find_head(graph, observed(graph));
  ASSERT_FALSE(match);
  EXPECT_EQ(match.error().code, ErrorCode::kUnsupported);
  const std::string& said = match.error().message;
  EXPECT_THAT(said, HasSubstr("no head that Pare knows (" + names_of_heads() +
                              "); outputs are \"conv_0\" (1, 8, 16, 16); "));
  for (const HeadDef& head : all_heads()) {
    EXPECT_THAT(said, HasSubstr("; not " + std::string(head.name) + ": "));
  }
  EXPECT_THAT(said, HasSubstr("not fastestdet: \"conv_0\" is made by Conv \"conv_0\", not by "
                              "Concat"));
  EXPECT_THAT(said, HasSubstr("not yolox: its output is (1, 8, 16, 16), not (1, rows, 5 + "
                              "classes)"));
}

TEST(FindHead, the_presets_are_those_of_the_references) {
  EXPECT_EQ(head_named("yolov5").value().preset, Preprocessing{});
  EXPECT_EQ(head_named("yolov8").value().preset, Preprocessing{});
  EXPECT_EQ(head_named("yolov10").value().preset, Preprocessing{});
  const Preprocessing yolox = head_named("yolox").value().preset;
  EXPECT_FALSE(yolox.rgb);
  EXPECT_EQ(yolox.resize, Resize::kLetterboxTopLeft);
  EXPECT_EQ(yolox.std, (std::vector<double>{1, 1, 1}));
  const Preprocessing nanodet = head_named("nanodet").value().preset;
  EXPECT_FALSE(nanodet.rgb);
  EXPECT_EQ(nanodet.resize, Resize::kStretch);
  EXPECT_EQ(nanodet.mean, (std::vector<double>{103.53, 116.28, 123.675}));
  const Preprocessing fastestdet = head_named("fastestdet").value().preset;
  EXPECT_FALSE(fastestdet.rgb);
  EXPECT_EQ(fastestdet.resize, Resize::kStretch);
  EXPECT_EQ(fastestdet.std, (std::vector<double>{255, 255, 255}));
}

}  // namespace
}  // namespace pare::engine
