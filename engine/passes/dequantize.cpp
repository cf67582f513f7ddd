#include "engine/passes/dequantize.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "engine/graph/messages.h"
#include "engine/passes/passes.h"
#include "engine/passes/real_values.h"

namespace pare::engine {
namespace {

// In any domain: exporters put those of com.microsoft into others, too.
const std::map<std::string_view, RealRule>& rules() {
  static const std::map<std::string_view, RealRule> kRules = {
      {"QuantizeLinear", real_of_quantize},
      {"DequantizeLinear", real_of_dequantize},
      {"DynamicQuantizeLinear", real_of_dynamic_quantize},
      {"Cast", real_of_cast},
      {"Mul", real_of_scale},
      {"QLinearConv", real_of_qlinear_conv},
      {"QLinearMatMul", real_of_qlinear_matmul},
      {"QGemm", real_of_qgemm},
      {"ConvInteger", real_of_conv_integer},
      {"MatMulInteger", real_of_matmul_integer},
      {"MatMulIntegerToFloat", real_of_matmul_integer_to_float},
      {"DynamicQuantizeMatMul", real_of_dynamic_quantize_matmul},
      {"QLinearAdd", real_of_qlinear_binary},
      {"QLinearMul", real_of_qlinear_binary},
      {"QLinearSigmoid", real_of_qlinear_unary},
      {"QLinearLeakyRelu", real_of_qlinear_unary},
      {"QLinearSoftmax", real_of_qlinear_unary},
      {"QLinearAveragePool", real_of_qlinear_unary},
      {"QLinearGlobalAveragePool", real_of_qlinear_unary},
      {"QLinearConcat", real_of_qlinear_concat},
      {"Concat", real_of_moved_integers},
      {"DepthToSpace", real_of_moved_integers},
      {"Flatten", real_of_moved_integers},
      {"Gather", real_of_moved_integers},
      {"Identity", real_of_moved_integers},
      {"MaxPool", real_of_moved_integers},
      {"Reshape", real_of_reshape},
      {"Resize", real_of_moved_integers},
      {"Slice", real_of_moved_integers},
      {"SpaceToDepth", real_of_moved_integers},
      {"Split", real_of_moved_integers},
      {"Squeeze", real_of_moved_integers},
      {"Transpose", real_of_moved_integers},
      {"Unsqueeze", real_of_moved_integers},
  };
  return kRules;
}

bool works_on_integers(const Node& node) {
  static const std::set<std::string_view> kOthers = {
      "QuantizeLinear", "DynamicQuantizeLinear", "DynamicQuantizeMatMul", "MatMulIntegerToFloat",
      "ConvInteger",    "MatMulInteger",         "DynamicQuantizeLSTM",   "QGemm",
      "QAttention",     "FakeQuantize",          "MatMulNBits",           "QMoE"};
  return kOthers.contains(node.op) || node.op.starts_with("QLinear");
}

// Nodes of which nothing depends on the image: weights that are stored as integers, say.
std::set<std::string> constant_nodes(const Graph& graph) {
  std::set<std::string> constants, nodes;
  for (const auto& [name, tensor] : graph.constants) constants.insert(name);
  for (const Node& node : graph.nodes) {
    const std::vector<std::string> read = tensors_read(node);
    const bool all =
        std::ranges::all_of(read, [&](const auto& n) { return constants.contains(n); });
    if (read.empty() || !all) continue;
    nodes.insert(node.name);
    constants.insert(node.outputs.begin(), node.outputs.end());
  }
  return nodes;
}

// Layers whose weights DequantizeLinear makes of constants.
int layers_of_stored_weights(const Graph& graph, const std::set<std::string>& constant) {
  const Edges edges = edges_of(graph);
  return static_cast<int>(std::ranges::count_if(graph.nodes, [&](const Node& node) {
    if (!node.domain.empty() || node.inputs.size() < 2) return false;
    if (node.op != "Conv" && node.op != "ConvTranspose" && node.op != "Gemm" && node.op != "MatMul")
      return false;
    const auto maker = edges.producer.find(node.inputs[1]);
    return maker != edges.producer.end() && constant.contains(graph.nodes[maker->second].name);
  }));
}

// What is left of integers, but for outputs: somebody reads them whom nobody here understands.
Result<std::monostate> check_none_left(const Graph& graph, const std::set<std::string>& constant) {
  const Edges edges = edges_of(graph);
  for (const Node& node : graph.nodes) {
    if (constant.contains(node.name) || !works_on_integers(node)) continue;
    if (node.op != "QuantizeLinear")
      return not_turned_back(node, "in a way that is not known here");
    const auto readers = edges.consumers.find(node.outputs[0]);
    if (readers == edges.consumers.end()) continue;
    return not_turned_back(graph.nodes[readers->second.front()], "in a way that is not known here");
  }
  return std::monostate{};
}

Result<std::monostate> check_made(const Graph& graph) {
  std::set<std::string> made;
  for (const auto& [name, tensor] : graph.constants) made.insert(name);
  for (const TensorInfo& input : graph.inputs) made.insert(input.name);
  for (const Node& node : graph.nodes) {
    for (const std::string& name : tensors_read(node)) {
      if (!made.contains(name)) {
        return not_turned_back(node, "in a way that is not known here");
      }
    }
    made.insert(node.outputs.begin(), node.outputs.end());
  }
  return std::monostate{};
}

}  // namespace

Result<Dequantized> dequantize(Graph graph) {
  const std::set<std::string> constant = constant_nodes(graph);
  Dequantized made;
  const std::vector<Node> nodes = graph.nodes;
  for (const Node& node : nodes) {
    const bool is_integer = works_on_integers(node) || node.op == "DequantizeLinear";
    if (is_integer && !constant.contains(node.name)) ++made.gone[node.op];
  }
  if (made.gone.empty()) return Dequantized{std::move(graph), {}, 0};
  const int stored = layers_of_stored_weights(graph, constant);
  RealValues values(std::move(graph));
  for (const Node& node : nodes) {
    // Of constants, those that the network rounds or lays along its channels are known at once.
    const bool is_known = node.op == "QuantizeLinear" || node.op == "Reshape";
    const bool stays = constant.contains(node.name) && !is_known;
    const auto rule = stays ? rules().end() : rules().find(node.op);
    const bool understood = rule != rules().end() && !node.inputs.empty();
    const auto emitted = understood ? rule->second(node, values) : Result<bool>(false);
    if (!emitted) return emitted.error();
    if (emitted.value()) continue;
    const auto sum = std::ranges::find_if(
        node.inputs, [&](const std::string& name) { return values.is_sum(name); });
    if (sum != node.inputs.end()) return not_turned_back(node, "it reads sums of integers");
    values.emit(node);
  }
  made.layers = values.layers() + stored;
  made.graph = std::move(values).finish();
  if (auto whole = check_made(made.graph); !whole) return whole.error();
  // Quantizing while the network runs takes scale and bias out of the convolution.
  made.graph = fold_biases(fold_scales(remove_identities(std::move(made.graph))));
  if (auto none = check_none_left(made.graph, constant); !none) return none.error();
  return made;
}

}  // namespace pare::engine
