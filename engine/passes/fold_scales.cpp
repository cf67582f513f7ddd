// Source: none; a convolution is linear.
#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "engine/passes/passes.h"

namespace pare::engine {
namespace {

std::optional<float> one_number(const Graph& graph, const std::string& tensor) {
  const auto found = graph.constants.find(tensor);
  if (found == graph.constants.end() || found->second.dtype() != DType::kFloat32 ||
      found->second.size() != 1 || found->second.shape().size() > 4) {
    return std::nullopt;
  }
  return found->second.values<float>()[0];
}

bool holds_floats(const Graph& graph, const std::string& tensor) {
  const auto found = graph.constants.find(tensor);
  return found != graph.constants.end() && found->second.dtype() == DType::kFloat32;
}

// Under a name of its own: the constant may have other readers.
void scale_input(Graph& graph, Node& node, std::size_t input, float scale) {
  const Tensor& old = graph.constants.at(node.inputs[input]);
  std::vector<float> values(old.values<float>().begin(), old.values<float>().end());
  for (float& value : values) value *= scale;
  Tensor scaled = Tensor::of<float>(old.shape(), values);
  node.inputs[input] = fresh_name(graph, node.inputs[input] + ".scaled");
  graph.constants[node.inputs[input]] = std::move(scaled);
}

// The convolution that makes the tensor, where nothing but one node reads it.
std::optional<std::size_t> conv_behind(const Graph& graph, const Edges& edges,
                                       const std::string& tensor) {
  const auto made = edges.producer.find(tensor);
  if (made == edges.producer.end() || is_graph_output(graph, tensor)) return std::nullopt;
  const Node& node = graph.nodes[made->second];
  const bool has_bias = node.inputs.size() > 2 && !node.inputs[2].empty();
  const bool ours = node.op == "Conv" && node.domain.empty() &&
                    edges.consumers.find(tensor)->second.size() == 1 &&
                    holds_floats(graph, node.inputs[1]) &&
                    (!has_bias || holds_floats(graph, node.inputs[2]));
  return ours ? std::optional(made->second) : std::nullopt;
}

}  // namespace

Graph fold_scales(Graph graph) {
  const Edges edges = edges_of(graph);
  std::set<std::string> folded;
  for (const Node& mul : graph.nodes) {
    if (mul.op != "Mul" || !mul.domain.empty() || mul.inputs.size() != 2) continue;
    const bool constant_first = one_number(graph, mul.inputs[0]).has_value();
    const auto scale = one_number(graph, mul.inputs[constant_first ? 0 : 1]);
    const auto conv = conv_behind(graph, edges, mul.inputs[constant_first ? 1 : 0]);
    if (!scale || !conv) continue;
    Node& node = graph.nodes[*conv];
    scale_input(graph, node, 1, *scale);
    if (node.inputs.size() > 2 && !node.inputs[2].empty()) scale_input(graph, node, 2, *scale);
    node.outputs = mul.outputs;
    folded.insert(mul.name);
  }
  std::erase_if(graph.nodes, [&](const Node& node) { return folded.contains(node.name); });
  return remove_dead_ends(std::move(graph));
}

}  // namespace pare::engine
