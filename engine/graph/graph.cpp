#include "engine/graph/graph.h"

#include <algorithm>
#include <unordered_set>

namespace pare::engine {
namespace {

template <typename T>
T attribute_or(const Node& node, std::string_view name, T absent) {
  const auto found = node.attributes.find(std::string(name));
  if (found == node.attributes.end()) return absent;
  const T* value = std::get_if<T>(&found->second);
  PARE_CHECK(value != nullptr, "attribute " + std::string(name) + " of node " + node.name +
                                   " is of another kind than its operator has");
  return *value;
}

// Of tensors and nodes, as they stand in the graph: whoever writes a graph asks once a node.
std::unordered_set<std::string_view> names_in(const Graph& graph) {
  std::unordered_set<std::string_view> names;
  names.reserve(graph.constants.size() + 4 * graph.nodes.size());
  for (const TensorInfo& info : graph.inputs) names.insert(info.name);
  for (const TensorInfo& info : graph.outputs) names.insert(info.name);
  for (const auto& [name, tensor] : graph.constants) names.insert(name);
  for (const Node& node : graph.nodes) {
    names.insert(node.name);
    names.insert(node.outputs.begin(), node.outputs.end());
    names.insert(node.inputs.begin(), node.inputs.end());
    for (const auto& [key, attribute] : node.attributes) {
      const auto* opaque = std::get_if<OpaqueAttribute>(&attribute);
      if (opaque != nullptr) names.insert(opaque->captures.begin(), opaque->captures.end());
    }
  }
  return names;
}

}  // namespace

std::vector<std::string> tensors_read(const Node& node) {
  std::vector<std::string> names;
  for (const std::string& input : node.inputs) {
    if (!input.empty()) names.push_back(input);
  }
  for (const auto& [key, attribute] : node.attributes) {
    if (const auto* opaque = std::get_if<OpaqueAttribute>(&attribute)) {
      names.insert(names.end(), opaque->captures.begin(), opaque->captures.end());
    }
  }
  return names;
}

Edges edges_of(const Graph& graph) {
  Edges edges;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    for (const std::string& output : graph.nodes[i].outputs) {
      if (!output.empty()) edges.producer.emplace(output, i);
    }
    for (const std::string& input : tensors_read(graph.nodes[i])) {
      std::vector<std::size_t>& readers = edges.consumers[input];
      if (readers.empty() || readers.back() != i) readers.push_back(i);
    }
  }
  return edges;
}

const Node* find_node(const Graph& graph, std::string_view name) {
  const auto found = std::ranges::find(graph.nodes, name, &Node::name);
  return found == graph.nodes.end() ? nullptr : &*found;
}

bool is_graph_output(const Graph& graph, std::string_view tensor) {
  return std::ranges::find(graph.outputs, tensor, &TensorInfo::name) != graph.outputs.end();
}

std::int64_t int_attribute(const Node& node, std::string_view name, std::int64_t absent) {
  return attribute_or(node, name, absent);
}

std::vector<std::int64_t> ints_attribute(const Node& node, std::string_view name,
                                         std::vector<std::int64_t> absent) {
  return attribute_or(node, name, std::move(absent));
}

float float_attribute(const Node& node, std::string_view name, float absent) {
  return attribute_or(node, name, absent);
}

std::string string_attribute(const Node& node, std::string_view name, std::string absent) {
  return attribute_or(node, name, std::move(absent));
}

std::string fresh_name(const Graph& graph, std::string_view wanted) {
  const std::unordered_set<std::string_view> taken = names_in(graph);
  std::string name(wanted);
  for (int number = 1; taken.contains(name); ++number) {
    name = std::string(wanted) + "_" + std::to_string(number);
  }
  return name;
}

}  // namespace pare::engine
