// Detectors of which some part cannot be done: it is left out with its reason, and the rest works.
#include "engine/pipeline/try_out.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/onnx/onnx_io.h"
#include "engine/pipeline/candidate.h"
#include "engine/pipeline/prepare.h"
#include "tests/support/behind_the_head.h"
#include "tests/support/graph_builder.h"

namespace pare::engine {
namespace {

using test::Behind;
using test::GraphBuilder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Strides 8, 16 and 32 with a YOLOX tail; `odd` goes between the second map and the third.
class SmallYolox {
 public:
  using Odd = std::function<std::string(GraphBuilder&, const std::string&)>;

  explicit SmallYolox(const Odd& odd = {}) : b_(9) {
    auto x = b_.silu(b_.conv(b_.input({1, 3, 128, 128}), {.channels = 16, .stride = 4}));
    std::vector<std::string> flat;
    for (int level = 0; level < 3; ++level) {
      x = b_.silu(b_.conv(x, {.channels = 16, .stride = 2, .name = "map" + std::to_string(level)}));
      if (level == 1 && odd) x = odd(b_, x);
      const auto box = b_.conv(x, {.channels = 4, .kernel = 1});
      const auto objectness = b_.sigmoid(b_.conv(x, {.channels = 1, .kernel = 1}));
      const auto classes = b_.sigmoid(b_.conv(x, {.channels = 2, .kernel = 1}));
      const auto map = b_.concat({box, objectness, classes});
      const Shape& shape = b_.shape(map);
      flat.push_back(b_.reshape(map, {1, 7, shape[2] * shape[3]}));
    }
    b_.output(b_.transpose(b_.concat(flat, 2), {0, 2, 1}));
  }
  Graph graph() const { return b_.build(); }

 private:
  GraphBuilder b_;
};

struct Opened {
  Detector detector;
  ModelSummary summary;
};

Opened open(const Graph& graph) {
  const std::string onnx = export_onnx(graph);
  const auto bytes = std::as_bytes(std::span(onnx.data(), onnx.size()));
  auto detector = open_detector(bytes, {});
  PARE_CHECK(detector.has_value(), detector.error().message);
  auto summary = summarize(detector.value(), bytes);
  PARE_CHECK(summary.has_value(), summary.error().message);
  return {std::move(detector).value(), std::move(summary).value()};
}

Tried tried(const Graph& graph) {
  auto found = try_out(open(graph).detector);
  PARE_CHECK(found.has_value(), found.error().message);
  return std::move(found).value();
}

Result<Tensor> image(std::size_t i, int height, int width) {
  return test::random_tensor({1, 3, height, width}, static_cast<unsigned>(i + 1), 0, 255);
}

TEST(TryOut, of_a_detector_that_does_everything_leaves_nothing_out) {
  const Tried found = tried(SmallYolox().graph());
  std::vector<int> heights;
  for (const TriedSize& size : found.sizes) {
    heights.push_back(size.height);
    EXPECT_EQ(size.why_not, "") << size.height;
  }
  EXPECT_THAT(heights, ElementsAre(128, 96, 64));
  EXPECT_EQ(found.why_no_int8, "");
  EXPECT_TRUE(found.fp32_layers.empty());
  ASSERT_EQ(found.outputs.size(), 1U);
  EXPECT_EQ(found.outputs[0].why_not_compared, "");
  EXPECT_GT(found.seconds, 0);
}

// A position embedding: its rows are those of one size.
std::string with_positions(GraphBuilder& b, const std::string& x) {
  return b.add(x, b.constant({1, 16, 8, 8}));
}

TEST(TryOut, sizes_that_cannot_be_made_are_left_out_by_name_and_preparing_survives_them) {
  const Opened opened = open(SmallYolox(with_positions).graph());
  const auto found = try_out(opened.detector);
  ASSERT_TRUE(found) << found.error().message;
  for (const TriedSize& size : found.value().sizes) {
    if (size.height == 128) {
      EXPECT_EQ(size.why_not, "");
    } else {
      EXPECT_THAT(size.why_not, HasSubstr("of fixed size")) << size.height;
    }
  }
  for (const bool int8 : {false, true}) {
    const auto prepared =
        prepare(opened.detector, 2, image, {.resolutions = {{64, 64}, {128, 128}}, .int8 = int8},
                [](double, const std::string&) {});
    ASSERT_TRUE(prepared) << prepared.error().message;
    ASSERT_EQ(prepared.value().left_out.size(), 1U);
    EXPECT_EQ(prepared.value().left_out[0].height, 64);
    EXPECT_THAT(prepared.value().left_out[0].why_not, HasSubstr("of fixed size"));
    const auto none = prepare(opened.detector, 2, image, {.resolutions = {{64, 64}}, .int8 = int8},
                              [](double, const std::string&) {});
    ASSERT_FALSE(none);
    EXPECT_THAT(none.error().message, HasSubstr("of fixed size"));
  }
}

TEST(TryOut, an_image_that_cannot_be_read_is_no_fault_of_a_size) {
  const Opened opened = open(SmallYolox().graph());
  const auto broken = [](std::size_t i, int height, int width) -> Result<Tensor> {
    if (height < 128 && i == 1) return Error{ErrorCode::kInvalidArgument, "b.jpg is cut short"};
    return image(i, height, width);
  };
  const auto prepared = prepare(opened.detector, 2, broken, {.resolutions = {{64, 64}, {128, 128}}},
                                [](double, const std::string&) {});
  ASSERT_FALSE(prepared);
  EXPECT_EQ(prepared.error().message, "b.jpg is cut short");
}

// Attention over channels by a convolution along them (ECA).
std::string with_conv1d(GraphBuilder& b, const std::string& x) {
  const auto mean = b.node("GlobalAveragePool", {x}, {{1, 16, 1, 1}})[0];
  const auto row = b.reshape(mean, {1, 1, 16});
  const auto conv = b.node("Conv", {row, b.constant({1, 1, 3})}, {{1, 1, 16}},
                           {{"pads", std::vector<std::int64_t>{1, 1}}}, "along")[0];
  return b.mul(x, b.sigmoid(b.reshape(conv, {1, 16, 1, 1})));
}

TEST(TryOut, a_layer_that_cannot_be_int8_is_named_and_int8_plans_are_built_all_the_same) {
  const Opened opened = open(SmallYolox(with_conv1d).graph());
  const auto found = try_out(opened.detector);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found.value().why_no_int8, "");
  ASSERT_EQ(found.value().fp32_layers.size(), 1U);
  EXPECT_EQ(found.value().fp32_layers[0].layer, "along");
  EXPECT_THAT(found.value().fp32_layers[0].reason, HasSubstr("1x1x3"));
  const auto prepared = prepare(opened.detector, 2, image, {.resolutions = {{128, 128}}},
                                [](double, const std::string&) {});
  ASSERT_TRUE(prepared) << prepared.error().message;
  for (const QdqPlacement placement : kAllPlacements) {
    Plan plan;
    plan.height = plan.width = 128;
    plan.quantization = QuantizationPlan{.placement = placement};
    const auto built = build_candidate(opened.detector, prepared.value().file, plan);
    ASSERT_TRUE(built) << built.error().message;
    EXPECT_THAT(built.value().onnx, HasSubstr("QuantizeLinear"));
  }
}

TEST(TryOut, an_activation_that_is_not_finite_keeps_its_layers_in_fp32_and_the_job_goes_on) {
  // 1 / 0 in a branch that a maximum hides again
  const Opened opened =
      open(SmallYolox([](GraphBuilder& b, const std::string& x) {
             const auto none = b.mul(x, b.constant(Tensor::of<float>({1}, std::vector{0.0F})));
             const auto infinite = b.node("Log", {none}, {b.shape(x)})[0];
             const auto odd =
                 b.node("Clip", {infinite, b.constant(Tensor::of<float>({}, std::vector{0.0F}))},
                        {b.shape(x)})[0];
             return b.add(x, odd);
           }).graph());
  const auto prepared = prepare(opened.detector, 2, image, {.resolutions = {{128, 128}}},
                                [](double, const std::string&) {});
  ASSERT_TRUE(prepared) << prepared.error().message;
  Plan plan;
  plan.height = plan.width = 128;
  plan.quantization = QuantizationPlan{};
  const auto built = build_candidate(opened.detector, prepared.value().file, plan);
  ASSERT_TRUE(built) << built.error().message;
}

TEST(TryOut, a_model_that_goes_on_with_nms_keeps_its_head_its_sizes_and_its_outputs) {
  Behind b(SmallYolox().graph());
  const std::string rows = b.rows();
  const Opened opened = open(b.with_outputs({{b.detections(), DType::kFloat32}}));
  EXPECT_EQ(opened.summary.card.head, "yolox");
  EXPECT_THAT(opened.summary.card.scored, ElementsAre(rows));
  EXPECT_EQ(opened.summary.stride, 32);
  const auto found = try_out(opened.detector);
  ASSERT_TRUE(found) << found.error().message;
  for (const TriedSize& size : found.value().sizes) EXPECT_EQ(size.why_not, "") << size.height;
  EXPECT_THAT(found.value().outputs[0].why_not_compared, HasSubstr(rows));
}

TEST(OpenDetector, of_what_answers_nothing_that_could_be_compared_says_why) {
  GraphBuilder b;
  const auto x = b.conv(b.input({1, 3, 16, 16}), {.channels = 4});
  b.output(b.node("ArgMax", {b.node("Cast", {x}, {b.shape(x)}, {{"to", std::int64_t{7}}})[0]},
                  {{1, 1, 16, 16}}, {{"axis", std::int64_t{1}}}, "labels")[0]);
  Graph graph = b.build();
  graph.outputs[0].dtype = DType::kInt64;
  const std::string onnx = export_onnx(graph);
  const auto opened = open_detector(std::as_bytes(std::span(onnx.data(), onnx.size())), {});
  ASSERT_TRUE(opened) << opened.error().message << ": the convolution in front of it is compared";
  EXPECT_EQ(opened.value().card.scored.size(), 1U);
}

TEST(OpenDetector, a_model_without_any_layer_is_refused) {
  GraphBuilder b;
  b.output(b.sigmoid(b.input({1, 3, 16, 16})));
  const std::string onnx = export_onnx(b.build());
  const auto bytes = std::as_bytes(std::span(onnx.data(), onnx.size()));
  const auto opened = open_detector(bytes, {});
  ASSERT_TRUE(opened) << opened.error().message;
  const auto summary = summarize(opened.value(), bytes);
  ASSERT_FALSE(summary);
  EXPECT_THAT(summary.error().message, HasSubstr("nothing to make"));
}

}  // namespace
}  // namespace pare::engine
