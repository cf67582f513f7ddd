#include "engine/quant/insert_qdq.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <map>

#include "engine/onnx/onnx_io.h"
#include "engine/quant/activation_histogram.h"
#include "engine/quant/unlike_ranges.h"
#include "tests/support/graph_builder.h"
#include "tests/support/onnxruntime_reference.h"

namespace pare::engine {
namespace {

using test::GraphBuilder;

// A stem, a SiLU block with a residual, a concat, a Relu and a pool: what a detector's body has.
Graph small_body() {
  GraphBuilder b(5);
  const auto x = b.input({1, 3, 32, 32});
  const auto stem = b.silu(b.conv(x, {.channels = 16, .stride = 2, .name = "stem"}));
  const auto inner = b.silu(b.conv(stem, {.channels = 16, .name = "inner"}));
  const auto both = b.concat({b.add(stem, inner), b.max_pool(stem, 5, 1)});
  const auto wide = b.relu(b.conv(both, {.channels = 24, .name = "wide"}));
  b.output(b.conv(wide, {.channels = 8, .kernel = 1, .name = "last"}));
  return b.build();
}

class ScratchFile {
 public:
  explicit ScratchFile(const Graph& graph)
      : path_(std::filesystem::temp_directory_path() /
              ("insert_qdq_" + std::to_string(::getpid()) + ".onnx")) {
    std::ofstream(path_, std::ios::binary) << export_onnx(graph);
  }
  ~ScratchFile() { std::filesystem::remove(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Values as one run of ONNX Runtime on the fp32 graph showed them.
class ObservedValues {
 public:
  explicit ObservedValues(const Graph& graph)
      : reference_(test::onnxruntime_reference(ScratchFile(graph).path())) {
    reference_.tensors.emplace(graph.inputs[0].name, reference_.input);
  }
  QuantizationSources sources() const {
    return {[this](const std::string& tensor) { return values(tensor, {}); },
            [this](const std::string& tensor, int channel) {
              return values(tensor, std::span(&channel, 1));
            },
            {}};
  }
  const Tensor& output(const Graph& graph) const {
    return reference_.tensors.at(graph.outputs[0].name);
  }

 private:
  Result<Distribution> values(const std::string& tensor, std::span<const int> channels) const {
    const auto found = reference_.tensors.find(tensor);
    if (found == reference_.tensors.end()) {
      return Error{ErrorCode::kNotFound, "no range of '" + tensor + "'"};
    }
    ActivationHistogram histogram(found->second.shape()[1]);
    EXPECT_TRUE(histogram.add(found->second));
    return histogram.distribution(channels);
  }

  test::Reference reference_;
};

Graph quantized(const Graph& graph, const QuantizationPlan& plan, const ObservedValues& ranges) {
  auto result = insert_qdq(graph, plan, ranges.sources());
  EXPECT_TRUE(result) << (result ? "" : result.error().message);
  EXPECT_TRUE(verify(result.value().graph));
  return std::move(result).value().graph;
}

std::size_t count(const Graph& graph, std::string_view op) {
  return static_cast<std::size_t>(
      std::ranges::count_if(graph.nodes, [&](const Node& node) { return node.op == op; }));
}

TEST(InsertQdq, an_int8_network_computes_nearly_what_the_fp32_one_does) {
  const Graph graph = small_body();
  const ObservedValues ranges(graph);
  for (const QdqPlacement placement : {QdqPlacement::kOperators, QdqPlacement::kConvolutions}) {
    for (const int bits : {8, 7}) {
      const Graph int8 = quantized(graph, {.weight_bits = bits, .placement = placement}, ranges);
      const auto run =
          test::onnxruntime_reference(ScratchFile(int8).path(), {.outputs_only = true});
      const double error =
          test::relative_error(run.tensors.at(graph.outputs[0].name), ranges.output(graph));
      EXPECT_LT(error, 0.08) << bits << " bits";
      EXPECT_GT(error, 1e-4) << "nothing was quantized";
    }
  }
}

TEST(InsertQdq, outputs_keep_their_names_and_no_float_weight_is_left_over) {
  const Graph graph = small_body();
  const Graph int8 = quantized(graph, {}, ObservedValues(graph));
  EXPECT_EQ(int8.outputs[0].name, graph.outputs[0].name);
  for (const auto& [name, constant] : int8.constants) {
    EXPECT_TRUE(constant.dtype() != DType::kFloat32 || constant.size() <= 24) << name;
  }
}

TEST(InsertQdq, a_layer_kept_in_fp32_reads_and_writes_fp32) {
  const Graph graph = small_body();
  const ObservedValues ranges(graph);
  auto result = insert_qdq(graph, {}, ranges.sources(), WeightForm::kInteger, {"last", "stem"});
  ASSERT_TRUE(result);
  EXPECT_THAT(result.value().int8_layers, testing::ElementsAre("inner", "wide"));
  const Node* const stem = find_node(result.value().graph, "stem");
  ASSERT_NE(stem, nullptr);
  EXPECT_EQ(stem->inputs[0], graph.inputs[0].name);
  EXPECT_EQ(stem->outputs[0], find_node(graph, "stem")->outputs[0]);
}

TEST(InsertQdq, a_range_is_multiplied_once_and_for_all_who_take_its_scale) {
  const Graph graph = small_body();
  const ObservedValues ranges(graph);
  QuantizationSources sources = ranges.sources();
  const QuantizedGraph plain = insert_qdq(graph, {}, sources).value();
  std::string pool, pooled;
  for (const Node& node : graph.nodes) {
    if (node.op == "MaxPool") pool = node.outputs[0], pooled = node.inputs[0];
  }
  ASSERT_EQ(plain.scaled_by.at(pool), pooled);
  sources.range_factor = [&](const std::string& tensor) { return tensor == pooled ? 2.0 : 1.0; };
  const QuantizedGraph wider = insert_qdq(graph, {}, sources).value();
  for (const auto& [tensor, by] : plain.scaled_by) {
    const auto scale = [&](const QuantizedGraph& of) {
      return of.graph.constants.at(scale_name(tensor)).values<float>()[0];
    };
    EXPECT_NEAR(scale(wider) / scale(plain), by == pooled ? 2 : 1, 1e-5) << tensor;
  }
}

TEST(InsertQdq, nothing_stands_between_a_convolution_and_the_relu_behind_it) {
  const Graph graph = small_body();
  const Graph int8 = quantized(graph, {}, ObservedValues(graph));
  const Edges edges = edges_of(int8);
  const Node* const wide = find_node(int8, "wide");
  const auto& readers = edges.consumers.at(wide->outputs[0]);
  ASSERT_EQ(readers.size(), 1U);
  EXPECT_EQ(int8.nodes[readers[0]].op, "Relu");
}

TEST(InsertQdq, a_pool_has_the_scale_of_what_it_reads) {
  const Graph graph = small_body();
  const Graph int8 = quantized(graph, {}, ObservedValues(graph));
  const Node& pool = *std::ranges::find(int8.nodes, std::string("MaxPool"), &Node::op);
  const Edges edges = edges_of(int8);
  const Node& before = int8.nodes[edges.producer.at(pool.inputs[0])];
  const Node& after = int8.nodes[edges.consumers.at(pool.outputs[0]).front()];
  EXPECT_EQ(int8.constants.at(before.inputs[1]).values<float>()[0],
            int8.constants.at(after.inputs[1]).values<float>()[0]);
}

TEST(InsertQdq, around_convolutions_only_leaves_every_other_operator_in_fp32) {
  const Graph graph = small_body();
  const ObservedValues ranges(graph);
  const Graph everywhere = quantized(graph, {}, ranges);
  const Graph convolutions = quantized(graph, {.placement = QdqPlacement::kConvolutions}, ranges);
  EXPECT_LT(count(convolutions, "QuantizeLinear"), count(everywhere, "QuantizeLinear"));
  const Node& add = *std::ranges::find(convolutions.nodes, std::string("Add"), &Node::op);
  EXPECT_EQ(add.inputs, std::ranges::find(graph.nodes, std::string("Add"), &Node::op)->inputs);
}

Tensor output_of(const Graph& graph) {
  const auto run = test::onnxruntime_reference(ScratchFile(graph).path(), {.outputs_only = true});
  return run.tensors.at(graph.outputs[0].name);
}

TEST(InsertQdq, nothing_stands_between_a_convolution_and_its_silu_where_blocks_are_kept) {
  const Graph graph = small_body();
  const ObservedValues values(graph);
  const Graph blocks = quantized(graph, {.placement = QdqPlacement::kSiluBlocks}, values);
  const Edges edges = edges_of(blocks);
  const Node* const inner = find_node(blocks, "inner");
  for (const std::size_t reader : edges.consumers.at(inner->outputs[0])) {
    EXPECT_THAT(blocks.nodes[reader].op, testing::AnyOf("Sigmoid", "Mul"));
  }
  // The stem's block ends in what int8 layers read: the residual's Add reads that pair too.  The
  // inner block's end nobody reads in int8.
  const Node& add = *std::ranges::find(blocks.nodes, std::string("Add"), &Node::op);
  EXPECT_EQ(blocks.nodes[edges.producer.at(add.inputs[0])].op, "DequantizeLinear");
  EXPECT_EQ(blocks.nodes[edges.producer.at(add.inputs[1])].op, "Mul");
  EXPECT_LT(test::relative_error(output_of(blocks), values.output(graph)), 0.08);
}

TEST(InsertQdq, simulated_weights_compute_what_integers_do_and_are_not_integers) {
  const Graph graph = small_body();
  const ObservedValues values(graph);
  for (const QdqPlacement placement :
       {QdqPlacement::kOperators, QdqPlacement::kConvolutions, QdqPlacement::kSiluBlocks}) {
    const QuantizationPlan plan{.weight_bits = 7, .placement = placement, .bias_correction = true};
    const auto simulated = insert_qdq(graph, plan, values.sources(), WeightForm::kSimulated);
    ASSERT_TRUE(simulated);
    for (const auto& [name, constant] : simulated.value().graph.constants) {
      EXPECT_NE(constant.dtype(), DType::kInt8) << name;
    }
    const Tensor expected = output_of(quantized(graph, plan, values));
    EXPECT_LT(test::relative_error(output_of(simulated.value().graph), expected), 0.02);
  }
}

TEST(InsertQdq, a_concat_of_very_unlike_ranges_stays_in_fp32_and_is_named) {
  GraphBuilder b(12);
  const auto x = b.input({1, 3, 16, 16});
  const auto boxes = b.conv(x, {.channels = 4, .kernel = 1, .name = "boxes"});
  const auto scores = b.conv(x, {.channels = 8, .kernel = 1, .name = "scores"});
  const auto far = b.mul(boxes, b.constant(Tensor::of<float>({1}, std::array{640.0F})));
  b.output(b.concat({far, scores}));
  const Graph graph = b.build();
  const ObservedValues values(graph);
  const auto found = find_unlike_ranges(graph, values.sources());
  ASSERT_EQ(found.size(), 1U);
  EXPECT_GT(found[0].widest, 100 * found[0].narrowest);
  EXPECT_THAT(sentence_of(found[0]), testing::HasSubstr(found[0].node));

  const Graph int8 = quantized(graph, {}, values);
  const Edges edges = edges_of(int8);
  const Node& joined = *std::ranges::find(int8.nodes, std::string("Concat"), &Node::op);
  EXPECT_EQ(joined.outputs[0], graph.outputs[0].name) << "it is not behind a Q/DQ pair";
  EXPECT_TRUE(find_unlike_ranges(small_body(), ObservedValues(small_body()).sources()).empty());
}

double mean_error(const Tensor& actual, const Tensor& expected) {
  const auto a = actual.values<float>();
  const auto b = expected.values<float>();
  const auto channels = static_cast<std::size_t>(actual.shape()[1]);
  const std::size_t plane = a.size() / channels;
  double total = 0;
  for (std::size_t c = 0; c < channels; ++c) {
    double error = 0;
    for (std::size_t i = c * plane; i < (c + 1) * plane; ++i) error += double{a[i]} - b[i];
    total += std::abs(error) / static_cast<double>(plane);
  }
  return total / static_cast<double>(channels);
}

TEST(InsertQdq, bias_correction_takes_the_mean_error_out_of_every_channel) {
  GraphBuilder b(11);
  b.output(b.conv(b.input({1, 12, 24, 24}), {.channels = 16, .kernel = 1, .name = "only"}));
  const Graph graph = b.build();
  const ObservedValues values(graph);
  QuantizationPlan plan{.weight_bits = 7, .placement = QdqPlacement::kConvolutions};
  const double without =
      mean_error(output_of(quantized(graph, plan, values)), values.output(graph));
  plan.bias_correction = true;
  const double with = mean_error(output_of(quantized(graph, plan, values)), values.output(graph));
  EXPECT_LT(with, 0.7 * without);
}

TEST(InsertQdq, what_is_no_layer_and_an_opset_without_scales_by_channel_are_refused) {
  const Graph graph = small_body();
  const ObservedValues ranges(graph);
  const auto unknown = insert_qdq(graph, {}, ranges.sources(), WeightForm::kInteger, {"nonesuch"});
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message, testing::HasSubstr("nonesuch"));
  Graph old = graph;
  old.opset = 11;
  EXPECT_EQ(insert_qdq(old, {}, ranges.sources()).error().code, ErrorCode::kUnsupported);
}

// Every tensor but those named has values in [-1, 1].
QuantizationSources all_but(const std::map<std::string, Result<Distribution>>& named) {
  const auto values = [named](const std::string& tensor) -> Result<Distribution> {
    const auto found = named.find(tensor);
    if (found != named.end()) return found->second;
    return Distribution{{-1, 1}, {{-1, 1, 100}}};
  };
  return {values, [values](const std::string& tensor, int) { return values(tensor); }, {}};
}

constexpr QdqPlacement kPlacements[] = {QdqPlacement::kOperators, QdqPlacement::kConvolutions,
                                        QdqPlacement::kSiluBlocks};

// A layer before the odd one, the odd one, and a layer behind: only the odd one may suffer.
void expect_only_odd_suffers(const Graph& graph, const QuantizationSources& sources,
                             const std::string& reason) {
  for (const QdqPlacement placement : kPlacements) {
    for (const bool corrected : {false, true}) {
      const auto made =
          insert_qdq(graph, {.placement = placement, .bias_correction = corrected}, sources);
      ASSERT_TRUE(made) << made.error().message;
      EXPECT_TRUE(verify(made.value().graph)) << verify(made.value().graph).error().message;
      EXPECT_THAT(made.value().int8_layers, testing::ElementsAre("before", "behind"));
      ASSERT_EQ(made.value().not_lowered.size(), 1U);
      EXPECT_EQ(made.value().not_lowered[0].node, "odd");
      EXPECT_THAT(made.value().not_lowered[0].reason, testing::HasSubstr(reason));
    }
  }
}

Graph with_odd_layer(const std::function<std::string(GraphBuilder&, const std::string&)>& odd) {
  GraphBuilder b(3);
  const auto x = b.conv(b.input({1, 3, 8, 8}), {.channels = 8, .name = "before"});
  b.output(b.conv(odd(b, x), {.channels = 8, .name = "behind"}));
  return b.build();
}

Graph with_odd_weights(const std::function<void(Graph&, Node&)>& edit) {
  Graph graph = with_odd_layer([](GraphBuilder& b, const std::string& x) {
    return b.silu(b.conv(b.silu(x), {.channels = 8, .name = "odd"}));
  });
  edit(graph, graph.nodes[static_cast<std::size_t>(find_node(graph, "odd") - graph.nodes.data())]);
  return graph;
}

TEST(InsertQdq, a_convolution_over_one_axis_or_three_stays_in_fp32_and_nothing_else_suffers) {
  const Graph conv1d = with_odd_layer([](GraphBuilder& b, const std::string& x) {
    const auto flat = b.reshape(x, {1, 1, 512});
    const auto out = b.node("Conv", {flat, b.constant({1, 1, 1})}, {{1, 1, 512}}, {}, "odd");
    return b.reshape(out[0], {1, 8, 8, 8});
  });
  expect_only_odd_suffers(conv1d, all_but({}), "1x1x1");
  const Graph conv3d = with_odd_layer([](GraphBuilder& b, const std::string& x) {
    const auto deep = b.reshape(x, {1, 2, 4, 8, 8});
    const auto out =
        b.node("Conv", {deep, b.constant({2, 2, 1, 1, 1})}, {{1, 2, 4, 8, 8}}, {}, "odd");
    return b.reshape(out[0], {1, 8, 8, 8});
  });
  expect_only_odd_suffers(conv3d, all_but({}), "2x2x1x1x1");
}

TEST(InsertQdq, weights_that_are_computed_or_not_finite_or_no_floats_stay_as_they_are) {
  expect_only_odd_suffers(with_odd_weights([](Graph& graph, Node& odd) {
                            graph.inputs.push_back({"weights", DType::kFloat32, {8, 8, 3, 3}});
                            odd.inputs[1] = "weights";
                          }),
                          all_but({}), "computed while it runs");
  expect_only_odd_suffers(with_odd_weights([](Graph& graph, Node& odd) {
                            const float nan = std::nanf("");
                            graph.constants[odd.inputs[1]] =
                                Tensor::of<float>({8, 8, 3, 3}, std::vector<float>(8 * 8 * 9, nan));
                          }),
                          all_but({}), "not finite");
  expect_only_odd_suffers(with_odd_weights([](Graph& graph, Node& odd) {
                            graph.constants[odd.inputs[1]] =
                                Tensor(DType::kFloat16, {8, 8, 3, 3},
                                       std::vector<std::byte>(std::size_t{8} * 8 * 9 * 2));
                          }),
                          all_but({}), "float16");
}

TEST(InsertQdq, a_tensor_without_usable_values_keeps_the_layers_around_it_in_fp32) {
  const Graph graph = with_odd_layer([](GraphBuilder& b, const std::string& x) {
    return b.node("Softmax",
                  {b.conv(b.node("Softmax", {x}, {{1, 8, 8, 8}}, {}, "in")[0],
                          {.channels = 8, .name = "odd"})},
                  {{1, 8, 8, 8}}, {}, "out")[0];
  });
  const float infinity = std::numeric_limits<float>::infinity();
  expect_only_odd_suffers(graph, all_but({{"in", Error{ErrorCode::kNotFound, "nobody saw it"}}}),
                          "nobody saw it");
  expect_only_odd_suffers(graph, all_but({{"odd", Error{ErrorCode::kNotFound, "nobody saw it"}}}),
                          "nobody saw it");
  expect_only_odd_suffers(graph, all_but({{"in", Distribution{{0, infinity}, {}}}}), "not finite");
  expect_only_odd_suffers(graph, all_but({{"in", Distribution{{0, 0}, {}}}}), "but zeros");
  const auto broken =
      insert_qdq(graph, {}, all_but({{"in", Error{ErrorCode::kInvalidArgument, "torn"}}}));
  ASSERT_FALSE(broken) << "what was stored cannot be read: no reason to build another candidate";
  EXPECT_THAT(broken.error().message, testing::HasSubstr("torn"));
}

TEST(InsertQdq, where_nothing_has_values_the_graph_stays_as_it_is) {
  const Graph graph = small_body();
  const auto nobody = [](const std::string& tensor) -> Result<Distribution> {
    return Error{ErrorCode::kNotFound, "no range of " + tensor};
  };
  const auto blind = insert_qdq(graph, {}, {nobody, {}, {}});
  ASSERT_TRUE(blind) << blind.error().message;
  EXPECT_TRUE(blind.value().int8_layers.empty());
  EXPECT_EQ(blind.value().graph, graph);
  EXPECT_THAT(blind.value().not_lowered.front().reason, testing::HasSubstr("no range of images"));
}

TEST(InsertQdq, layers_that_are_never_int8_may_be_kept_in_fp32_by_name) {
  GraphBuilder b(3);
  const auto x = b.conv(b.input({1, 3, 8, 8}), {.channels = 8, .name = "conv"});
  const auto up = b.node("ConvTranspose", {x, b.constant({8, 1, 2, 2})}, {{1, 8, 9, 9}},
                         {{"group", std::int64_t{8}}}, "up");
  b.output(b.node("MatMul", {up[0], b.constant({9, 4})}, {{1, 8, 9, 4}}, {}, "product")[0]);
  const auto made = insert_qdq(b.build(), {}, all_but({}), WeightForm::kInteger, {"product", "up"});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_THAT(made.value().int8_layers, testing::ElementsAre("conv"));
}

}  // namespace
}  // namespace pare::engine
