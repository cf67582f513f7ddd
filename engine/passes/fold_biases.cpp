// Source: none; a convolution is linear.
#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "engine/passes/passes.h"

namespace pare::engine {
namespace {

// A float32 constant of one number for each of `channels`, as (C, 1, 1) or (1, C, 1, 1).
const Tensor* numbers_by_channel(const Graph& graph, const std::string& tensor,
                                 std::int64_t channels) {
  const auto found = graph.constants.find(tensor);
  if (found == graph.constants.end()) return nullptr;
  const Tensor& constant = found->second;
  Shape wanted = {1, channels, 1, 1};
  if (constant.shape().size() == 3) wanted.erase(wanted.begin());
  return constant.dtype() == DType::kFloat32 && constant.shape() == wanted ? &constant : nullptr;
}

// A convolution without bias, whose output nothing but one node reads.
std::optional<std::size_t> bare_conv_behind(const Graph& graph, const Edges& edges,
                                            const std::string& tensor) {
  const auto made = edges.producer.find(tensor);
  if (made == edges.producer.end() || is_graph_output(graph, tensor)) return std::nullopt;
  const Node& node = graph.nodes[made->second];
  const bool is_bare = node.op == "Conv" && node.domain.empty() &&
                       (node.inputs.size() == 2 || node.inputs[2].empty()) &&
                       graph.constants.contains(node.inputs[1]) &&
                       edges.consumers.find(tensor)->second.size() == 1;
  return is_bare ? std::optional(made->second) : std::nullopt;
}

}  // namespace

Graph fold_biases(Graph graph) {
  const Edges edges = edges_of(graph);
  std::set<std::string> folded;
  for (const Node& add : graph.nodes) {
    if (add.op != "Add" || !add.domain.empty() || add.inputs.size() != 2) continue;
    for (const std::size_t side : {0U, 1U}) {
      const auto conv = bare_conv_behind(graph, edges, add.inputs[side]);
      if (!conv) continue;
      Node& node = graph.nodes[*conv];
      const std::int64_t channels = graph.constants.at(node.inputs[1]).shape().at(0);
      const Tensor* bias = numbers_by_channel(graph, add.inputs[1 - side], channels);
      if (bias == nullptr) continue;
      const std::string name = fresh_name(graph, node.name + ".bias");
      node.inputs.resize(2);
      node.inputs.push_back(name);
      node.outputs = add.outputs;
      graph.constants.emplace(name, Tensor::of<float>({channels}, bias->values<float>()));
      folded.insert(add.name);
      break;
    }
  }
  std::erase_if(graph.nodes, [&](const Node& node) { return folded.contains(node.name); });
  return remove_dead_ends(std::move(graph));
}

}  // namespace pare::engine
