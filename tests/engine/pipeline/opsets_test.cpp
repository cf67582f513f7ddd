// One small detector, written as each opset from 9 to 22 writes it: inspected alike, and with the
// same outputs.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/onnx/onnx_io.h"
#include "engine/onnx/opset_upgrade.h"
#include "engine/pipeline/detector.h"
#include "tests/support/run_graph.h"

namespace pare::engine {
namespace {

using Ints = std::vector<std::int64_t>;

// Nodes in the form that the opset has for them; names are the same in all.
class InOpset {
 public:
  explicit InOpset(int opset) : b_(1, opset), opset_(opset) {}

  Graph detector() {
    const std::string images = b_.input({1, 3, 64, 64});
    const std::string stem =
        clip(norm(b_.conv(images, {.channels = 16, .stride = 2, .name = "stem"})));
    const std::string down = b_.relu(norm(b_.conv(stem, {.channels = 32, .stride = 2})));
    const std::string block = b_.add(down, b_.relu(b_.conv(down, {.channels = 32})));
    const std::string joined = attended(b_.concat(split_branches(block)));
    const std::string deep =
        b_.relu(b_.conv(padded_pool(joined), {.channels = 64, .name = "deep"}));
    const std::string fused =
        b_.relu(b_.conv(b_.concat({upsampled(deep), front_half(joined)}), {.channels = 48}));
    b_.output(there_and_back(b_.conv(dropout(fused), {.channels = 4, .name = "boxes"})));
    b_.output(softmax(b_.conv(fused, {.channels = 8, .name = "scores"})));
    return b_.build();
  }

 private:
  std::string one(const std::string& op, std::vector<std::string> inputs, Shape shape,
                  std::map<std::string, Attribute> attributes = {}) {
    return b_.node(op, std::move(inputs), {std::move(shape)}, std::move(attributes), "my" + op)[0];
  }

  // An operand that was an attribute up to some opset and is an input since.
  std::string with_ints(const std::string& op, const std::string& x, Shape shape,
                        const std::string& name, const Ints& values, int input_since,
                        std::map<std::string, Attribute> attributes = {}) {
    std::vector<std::string> inputs = {x};
    if (opset_ >= input_since) {
      inputs.push_back(b_.ints(values));
    } else {
      attributes[name] = values;
    }
    return one(op, std::move(inputs), std::move(shape), std::move(attributes));
  }

  std::string norm(const std::string& x) {
    const std::int64_t channels = b_.shape(x)[1];
    std::vector<std::string> inputs = {x};
    for (const float low : {0.5F, -0.5F, -0.5F, 0.5F}) {  // scale, shift, mean, variance
      inputs.push_back(b_.constant({channels}, low, 1.5F));
    }
    return b_.node("BatchNormalization", std::move(inputs), {b_.shape(x)})[0];
  }

  std::string clip(const std::string& x) {
    if (opset_ < 11) return one("Clip", {x}, b_.shape(x), {{"min", 0.0F}, {"max", 6.0F}});
    const float low = 0;
    const float high = 6;
    return one("Clip",
               {x, b_.constant(Tensor::of<float>({}, std::span(&low, 1))),
                b_.constant(Tensor::of<float>({}, std::span(&high, 1)))},
               b_.shape(x));
  }

  std::vector<std::string> split_branches(const std::string& x) {
    std::vector<std::string> inputs = {x};
    std::map<std::string, Attribute> attributes = {{"axis", std::int64_t{1}}};
    if (opset_ >= 13) {
      inputs.push_back(b_.ints({16, 16}));
    } else {
      attributes["split"] = Ints{16, 16};
    }
    const Shape half = {1, 16, 16, 16};
    const auto parts = b_.node("Split", std::move(inputs), {half, half}, std::move(attributes));
    return {parts[0], b_.relu(b_.conv(parts[1], {.channels = 16, .name = "branch"}))};
  }

  // Squeeze and excitation by a mean without its axes.
  std::string attended(const std::string& x) {
    const Shape shape = b_.shape(x);
    const std::string mean = with_ints("ReduceMean", x, {1, shape[1]}, "axes", {2, 3}, 18,
                                       {{"keepdims", std::int64_t{0}}});
    const std::string back = with_ints("Unsqueeze", mean, {1, shape[1], 1, 1}, "axes", {2, 3}, 13);
    const std::string gate =
        b_.sigmoid(b_.conv(back, {.channels = static_cast<int>(shape[1]), .kernel = 1}));
    return b_.node("Mul", {x, gate}, {shape})[0];
  }

  std::string padded_pool(const std::string& x) {
    const Shape shape = b_.shape(x);
    const std::string padded = with_ints("Pad", x, {1, shape[1], shape[2] + 2, shape[3] + 2},
                                         "pads", {0, 0, 1, 1, 0, 0, 1, 1}, 11);
    return one("MaxPool", {padded}, {1, shape[1], shape[2] / 2, shape[3] / 2},
               {{"kernel_shape", Ints{3, 3}}, {"strides", Ints{2, 2}}});
  }

  std::string upsampled(const std::string& x) {
    const Shape shape = b_.shape(x);
    const Shape large = {1, shape[1], 2 * shape[2], 2 * shape[3]};
    const std::string scales = b_.constant(Tensor::of<float>({4}, std::vector<float>{1, 1, 2, 2}));
    const std::map<std::string, Attribute> nearest = {{"mode", std::string("nearest")}};
    if (opset_ < 10) return one("Upsample", {x, scales}, large, nearest);
    if (opset_ < 11) return one("Resize", {x, scales}, large, nearest);
    return one("Resize", {x, "", scales}, large,
               {{"mode", std::string("nearest")},
                {"nearest_mode", std::string("floor")},
                {"coordinate_transformation_mode", std::string("asymmetric")}});
  }

  std::string front_half(const std::string& x) {
    const Shape shape = b_.shape(x);
    const Shape half = {1, shape[1] / 2, shape[2], shape[3]};
    if (opset_ < 10) {
      return one("Slice", {x}, half,
                 {{"axes", Ints{1}}, {"starts", Ints{0}}, {"ends", Ints{half[1]}}});
    }
    return one("Slice", {x, b_.ints({0}), b_.ints({half[1]}), b_.ints({1})}, half);
  }

  std::string dropout(const std::string& x) {
    if (opset_ < 12) return one("Dropout", {x}, b_.shape(x), {{"ratio", 0.1F}});
    const float ratio = 0.1F;
    return one("Dropout", {x, b_.constant(Tensor::of<float>({}, std::span(&ratio, 1)))},
               b_.shape(x));
  }

  std::string there_and_back(const std::string& x) {
    Shape longer = b_.shape(x);
    longer.push_back(1);
    const std::string more = b_.node("Unsqueeze", there(x), {longer}, axes_of({4}))[0];
    return with_ints("Squeeze", more, b_.shape(x), "axes", {4}, 13);
  }
  std::vector<std::string> there(const std::string& x) {
    return opset_ >= 13 ? std::vector{x, b_.ints({4})} : std::vector{x};
  }
  std::map<std::string, Attribute> axes_of(const Ints& axes) const {
    if (opset_ >= 13) return {};
    return {{"axes", axes}};
  }

  // Of the last axis, where all opsets mean the same.
  std::string softmax(const std::string& x) {
    const std::string last = b_.transpose(x, {0, 2, 3, 1});
    return one("Softmax", {last}, b_.shape(last), {{"axis", std::int64_t{3}}});
  }

  test::GraphBuilder b_;
  int opset_;
};

// The detector as it came in a file.
Graph from_file(int opset) {
  const std::string onnx = export_onnx(InOpset(opset).detector());
  auto graph = import_onnx(std::as_bytes(std::span(onnx)));
  PARE_CHECK(graph.has_value(), graph.error().message);
  return std::move(graph).value();
}

ModelSummary inspected(int opset) {
  const std::string onnx = export_onnx(InOpset(opset).detector());
  const auto bytes = std::as_bytes(std::span(onnx));
  const auto detector = open_detector(bytes, PartialCard{});
  PARE_CHECK(detector.has_value(), detector.error().message);
  auto summary = summarize(detector.value(), bytes);
  PARE_CHECK(summary.has_value(), summary.error().message);
  return std::move(summary).value();
}

constexpr int kAsReference = 13;

class EveryOpset : public testing::TestWithParam<int> {};

TEST_P(EveryOpset, is_inspected_as_every_other) {
  const ModelSummary own = inspected(GetParam());
  const ModelSummary other = inspected(kAsReference);
  EXPECT_EQ(own.opset, std::max(13, GetParam())) << "older ones are upgraded";
  EXPECT_EQ(own.layers, other.layers);
  EXPECT_EQ(own.groups, other.groups);
  EXPECT_EQ(own.stages, other.stages);
  EXPECT_EQ(own.kernels, other.kernels);
  EXPECT_EQ(own.output_layers, other.output_layers);
  EXPECT_EQ(own.activations, other.activations);
  EXPECT_EQ(own.macs, other.macs);
  EXPECT_EQ(own.parameters, other.parameters);
  EXPECT_EQ(own.card, other.card);
  ASSERT_EQ(own.frozen.size(), other.frozen.size());
  for (std::size_t i = 0; i < own.frozen.size(); ++i) {
    EXPECT_EQ(own.frozen[i].layer, other.frozen[i].layer);
  }
  EXPECT_GE(own.groups.size(), 4U) << "nothing of it can be narrowed";
}

TEST_P(EveryOpset, has_the_outputs_of_every_other) {
  const auto expected = test::run_graph(from_file(kAsReference));
  EXPECT_LT(test::largest_error(test::run_graph(from_file(GetParam())), expected), 1e-5);
}

TEST_P(EveryOpset, keeps_its_outputs_on_the_way_to_opset_13) {
  const Graph graph = from_file(GetParam());
  const auto upgraded = upgrade_opset(graph, {}, 13);
  ASSERT_TRUE(upgraded) << upgraded.error().message;
  EXPECT_EQ(upgraded.value().opset, std::max(13, GetParam()));
  EXPECT_LT(test::largest_error(test::run_graph(upgraded.value()), test::run_graph(graph)), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Opsets, EveryOpset, testing::Range(9, 23));

}  // namespace
}  // namespace pare::engine
