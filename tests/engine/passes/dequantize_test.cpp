// Quantized networks turned back into floating point: what ONNX Runtime computes of the integers,
// but for their rounding.
#include "engine/passes/dequantize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "engine/executor/openvino_runner.h"
#include "engine/onnx/onnx_io.h"
#include "tests/engine/passes/quantized_builder.h"
#include "tests/support/onnxruntime_reference.h"

namespace pare::engine {
namespace {

using test::QuantizedBuilder;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

Graph turned_back(const Graph& graph) {
  auto made = dequantize(graph);
  PARE_CHECK(made.has_value(), made ? "" : made.error().message);
  PARE_CHECK(verify(made.value().graph).has_value(), "it verifies");
  return std::move(made).value().graph;
}

int count(const Graph& graph, const std::string& op) {
  return static_cast<int>(
      std::ranges::count_if(graph.nodes, [&](const Node& node) { return node.op == op; }));
}

std::string why_not(const Graph& graph) {
  const auto made = dequantize(graph);
  return made ? "" : made.error().message;
}

// How far the floats are from what ONNX Runtime makes of the integers, on the same image.
double rounding(const Graph& quantized, const Graph& floats) {
  const auto file = std::filesystem::temp_directory_path() /
                    ("pare-dequantize-" + std::to_string(::getpid()) + ".onnx");
  std::ofstream(file, std::ios::binary) << export_onnx(quantized);
  const auto theirs = test::onnxruntime_reference(file, {.outputs_only = true});
  std::filesystem::remove(file);
  const auto runner = make_openvino_runner(floats);
  PARE_CHECK(runner.has_value(), runner ? "" : runner.error().message);
  const auto ours = runner.value()->run({theirs.input});
  PARE_CHECK(ours.has_value(), ours ? "" : ours.error().message);
  double worst = 0;
  for (std::size_t i = 0; i < ours.value().size(); ++i) {
    const auto& wanted = theirs.tensors.at(runner.value()->output_names()[i]);
    worst = std::max(worst, test::relative_error(ours.value()[i], wanted));
  }
  return worst;
}

// Q and DQ around a convolution with int8 weights, and behind it, where a Relu was.
Graph with_pairs(float low, float high) {
  QuantizedBuilder b;
  const auto image = b.real(b.quantized(b.input({1, 3, 12, 12}), 0, 1));
  const auto weights = b.real({b.int8_weights({8, 3, 3, 3}), b.number(0.02F), ""});
  const auto conv = b.node("Conv", {image, weights}, {{1, 8, 10, 10}})[0];
  const auto pooled = b.max_pool(b.real(b.quantized(conv, low, high)), 2, 2);
  b.output(b.sigmoid(b.real(b.quantized(pooled, low, high))));
  return b.build();
}

TEST(Dequantize, pairs_go_and_the_relu_that_a_range_stands_for_comes_back) {
  const Graph quantized = with_pairs(0, 3);
  const auto made = dequantize(quantized);
  ASSERT_TRUE(made) << made.error().message;
  const Graph& floats = made.value().graph;
  EXPECT_EQ(made.value().layers, 1);
  EXPECT_THAT(made.value().gone, Contains(Pair("QuantizeLinear", 3)));
  EXPECT_EQ(count(floats, "QuantizeLinear"), 0);
  EXPECT_EQ(count(floats, "DequantizeLinear"), 1) << "that of the weights";
  EXPECT_EQ(count(floats, "Relu"), 1);
  EXPECT_LT(rounding(quantized, floats), 0.02);
}

TEST(Dequantize, a_range_up_to_six_is_a_clip_and_one_below_zero_is_nothing) {
  const Graph clipped = turned_back(with_pairs(0, 6));
  EXPECT_EQ(count(clipped, "Clip"), 1);
  EXPECT_LT(rounding(with_pairs(0, 6), clipped), 0.02);
  const Graph plain = turned_back(with_pairs(-4, 4));
  EXPECT_EQ(count(plain, "Relu") + count(plain, "Clip"), 0);
  EXPECT_LT(rounding(with_pairs(-4, 4), plain), 0.03);
}

TEST(Dequantize, weights_are_what_their_integers_say) {
  QuantizedBuilder b;
  const auto image = b.quantized(b.input({1, 3, 12, 12}), 0, 1);
  const auto out = b.conv(image, 5, b.grid(-4, 4));
  b.output(b.real(out));
  const Graph quantized = b.build();
  const Graph floats = turned_back(quantized);
  const Node& conv = floats.nodes.front();
  const auto find = [&](const char* op) {
    return *std::ranges::find(quantized.nodes, op, &Node::op);
  };
  const Node qlinear = find("QLinearConv");
  const auto integers = quantized.constants.at(qlinear.inputs[3]).values<std::int8_t>();
  const auto scales = quantized.constants.at(qlinear.inputs[4]).values<float>();
  const auto bias = quantized.constants.at(qlinear.inputs[8]).values<std::int32_t>();
  const auto weights = floats.constants.at(conv.inputs[1]).values<float>();
  const auto biases = floats.constants.at(conv.inputs[2]).values<float>();
  for (std::size_t i = 0; i < weights.size(); ++i) {
    ASSERT_EQ(weights[i], scales[i / 27] * static_cast<float>(integers[i]));
  }
  for (std::size_t i = 0; i < biases.size(); ++i) {
    ASSERT_FLOAT_EQ(biases[i], scales[i] / 255 * static_cast<float>(bias[i]));
  }
}

TEST(Dequantize, operators_that_round_within_become_those_that_do_not) {
  QuantizedBuilder b;
  const auto image = b.quantized(b.input({1, 3, 12, 12}), 0, 1);
  const auto x = b.conv(image, 8, b.grid(0, 3));  // a Relu within
  const Shape map = b.shape(x.name);
  const auto y = b.conv(x, 8, b.grid(-6, 6));
  const auto sum = b.rounded("QLinearAdd", {x, y}, map, b.grid(-6, 8));
  const auto gate = b.rounded("QLinearSigmoid", {sum}, map, b.grid(0, 1));
  const auto silu = b.rounded("QLinearMul", {sum, gate}, map, b.grid(-1, 8));
  const auto leaky = b.rounded("QLinearLeakyRelu", {silu}, map, b.grid(-1, 8), {{"alpha", 0.1F}});
  const auto halved = b.rounded("QLinearAveragePool", {leaky}, {1, 8, 6, 6}, b.grid(-1, 8),
                                {{"kernel_shape", std::vector<std::int64_t>{2, 2}},
                                 {"strides", std::vector<std::int64_t>{2, 2}}});
  auto largest = halved;
  largest.name = b.max_pool(halved.name, 2, 2);
  const auto joined = b.grid(-1, 8);
  const auto both = b.node("QLinearConcat",
                           {joined.scale, joined.zero, largest.name, largest.scale, largest.zero,
                            largest.name, largest.scale, largest.zero},
                           {{1, 16, 3, 3}}, {{"axis", std::int64_t{1}}})[0];
  const auto mean = b.rounded("QLinearGlobalAveragePool", {{both, joined.scale, joined.zero}},
                              {1, 16, 1, 1}, b.grid(-1, 8));
  b.output(b.real(mean));
  b.output(b.real(leaky));
  const Graph quantized = b.build();
  const Graph floats = turned_back(quantized);
  for (const Node& node : floats.nodes) {
    EXPECT_TRUE(node.domain.empty() && !node.op.starts_with("Q")) << node.op;
  }
  EXPECT_EQ(count(floats, "Relu"), 1);
  EXPECT_LT(rounding(quantized, floats), 0.06);  // nine roundings
}

TEST(Dequantize, products_of_matrices_too) {
  QuantizedBuilder b;
  const auto x = b.input({4, 6});
  const auto q = b.quantized(x, 0, 1);
  const auto columns = b.int8_weights({6, 5});
  const auto out = b.grid(-3, 3);
  b.output(b.real(
      {b.node("QLinearMatMul",
              {q.name, q.scale, q.zero, columns, b.scales(5), b.zeros(5), out.scale, out.zero},
              {{4, 5}})[0],
       out.scale, out.zero}));
  b.output(b.node(
      "QGemm",
      {q.name, q.scale, q.zero, b.int8_weights({5, 6}), b.scales(5), b.zeros(5), b.int32_bias(5)},
      {{4, 5}}, {{"transB", std::int64_t{1}}})[0]);
  b.output(b.node("DynamicQuantizeMatMul",
                  {x, b.int8_weights({6, 5}), b.number(0.01F), "", b.constant({5})}, {{4, 5}})[0]);
  const Graph quantized = b.build();
  EXPECT_EQ(dequantize(quantized).value().layers, 3);
  EXPECT_LT(rounding(quantized, turned_back(quantized)), 0.03);
}

// As ONNX Runtime's dynamic quantizer writes a convolution.
Graph quantized_while_it_runs() {
  QuantizedBuilder b;
  const auto x = b.input({1, 3, 12, 12});
  const auto parts = b.node("DynamicQuantizeLinear", {x}, {b.shape(x), {}, {}});
  const auto sums = b.node("ConvInteger", {parts[0], b.int8_weights({8, 3, 3, 3}), parts[2]},
                           {{1, 8, 10, 10}})[0];
  const auto floats =
      b.node("Cast", {sums}, {{1, 8, 10, 10}}, {{"to", std::int64_t{1}}}, "floats")[0];
  const auto scale = b.node("Mul", {parts[1], b.number(0.01F)}, {{}}, {}, "scale")[0];
  const auto scaled = b.node("Mul", {floats, scale}, {{1, 8, 10, 10}}, {}, "scaled")[0];
  const auto bias = b.node("Reshape", {b.constant({8}), b.ints({1, -1, 1, 1})}, {{1, 8, 1, 1}})[0];
  b.output(b.add(scaled, bias));
  return b.build();
}

TEST(Dequantize, a_convolution_that_is_quantized_while_it_runs_is_one_again) {
  const Graph quantized = quantized_while_it_runs();
  const Graph floats = turned_back(quantized);
  ASSERT_EQ(floats.nodes.size(), 1U);
  EXPECT_EQ(floats.nodes[0].op, "Conv");
  EXPECT_EQ(floats.nodes[0].inputs.size(), 3U);
  EXPECT_LT(rounding(quantized, floats), 0.01);
}

TEST(Dequantize, sums_that_nobody_casts_are_refused_by_name) {
  Graph graph = quantized_while_it_runs();
  for (Node& node : graph.nodes) {
    if (node.op == "Cast") node.op = "Abs";
  }
  EXPECT_THAT(why_not(graph), HasSubstr("node \"floats\" (Abs) computes on integers, and it reads "
                                        "sums of integers: give Pare the float model"));
}

TEST(Dequantize, what_is_not_known_is_refused_by_name) {
  for (const char* op : {"QAttention", "QLinearReduceMax", "FakeQuantize"}) {
    Graph graph = with_pairs(0, 3);
    std::ranges::find(graph.nodes, "Sigmoid", &Node::op)->op = op;
    EXPECT_THAT(why_not(graph), HasSubstr(op)) << op;
  }
  QuantizedBuilder b;
  const auto q = b.quantized(b.input({1, 3, 12, 12}), 0, 1);
  b.output(b.real({q.name, b.number(0.5F), q.zero}));
  EXPECT_THAT(why_not(b.build()), HasSubstr("by another scale than that was written with"));
}

TEST(Dequantize, an_output_of_integers_stays_one) {
  QuantizedBuilder b;
  const auto image = b.quantized(b.input({1, 3, 12, 12}), 0, 1);
  b.output(b.conv(image, 5, b.grid(-4, 4)).name);
  Graph quantized = b.build();
  quantized.outputs[0].dtype = DType::kUint8;
  const Graph floats = turned_back(quantized);
  ASSERT_EQ(floats.nodes.size(), 2U);
  EXPECT_THAT(floats.nodes[1].op, "QuantizeLinear");
  EXPECT_EQ(floats.nodes[1].outputs, std::vector<std::string>{quantized.outputs[0].name});
}

TEST(Dequantize, a_float_network_is_left_alone) {
  test::GraphBuilder b;
  b.output(b.relu(b.conv(b.input({1, 3, 8, 8}), {.channels = 4})));
  const auto made = dequantize(b.build()).value();
  EXPECT_EQ(made.graph, b.build());
  EXPECT_TRUE(made.gone.empty());
}

}  // namespace
}  // namespace pare::engine
