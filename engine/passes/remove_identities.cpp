#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "engine/passes/passes.h"

namespace pare::engine {
namespace {

using Names = std::set<std::string, std::less<>>;

// Names that a subgraph reads: they are bytes in there and cannot be replaced.
Names captured_names(const Graph& graph) {
  Names names;
  for (const Node& node : graph.nodes) {
    for (const auto& [key, attribute] : node.attributes) {
      const auto* opaque = std::get_if<OpaqueAttribute>(&attribute);
      if (opaque != nullptr) names.insert(opaque->captures.begin(), opaque->captures.end());
    }
  }
  return names;
}

// The mask of a Dropout must not be read, and a third input may switch training on.
bool does_nothing(const Node& node, const Edges& edges, const Graph& graph) {
  if (!node.domain.empty() || node.inputs.empty() || node.inputs[0].empty()) return false;
  if (node.op == "Identity") return true;
  if (node.op != "Dropout") return false;
  if (node.inputs.size() > 2 && !node.inputs[2].empty()) return false;
  return std::ranges::none_of(
      node.outputs.begin() + 1, node.outputs.end(), [&](const std::string& mask) {
        return edges.consumers.contains(mask) || is_graph_output(graph, mask);
      });
}

// Replaces what nodes read and make by another name.
void rename(std::vector<Node>& nodes, const std::map<std::string, std::string>& names) {
  const auto renamed = [&](std::string& name) {
    for (auto to = names.find(name); to != names.end(); to = names.find(name)) name = to->second;
  };
  for (Node& node : nodes) {
    std::ranges::for_each(node.inputs, renamed);
    std::ranges::for_each(node.outputs, renamed);
  }
}

}  // namespace

Graph remove_identities(Graph graph) {
  const Edges edges = edges_of(graph);
  const Names captured = captured_names(graph);
  std::map<std::string, std::string> renamed;  // gone name -> the one that stays
  std::erase_if(graph.nodes, [&](const Node& node) {
    if (!does_nothing(node, edges, graph)) return false;
    std::string from = node.inputs[0];  // after the removals so far
    for (auto to = renamed.find(from); to != renamed.end(); to = renamed.find(from)) {
      from = to->second;
    }
    const std::string& to = node.outputs[0];
    if (captured.contains(to)) return false;
    if (!is_graph_output(graph, to)) {
      renamed[to] = from;
      return true;
    }
    // The output's name must stay: what makes the input takes it, if its own name is free to go.
    const bool is_made_here = edges.producer.contains(from);
    if (!is_made_here || is_graph_output(graph, from) || captured.contains(from)) return false;
    renamed[from] = to;
    return true;
  });
  rename(graph.nodes, renamed);
  return remove_dead_ends(std::move(graph));
}

}  // namespace pare::engine
