#include <functional>
#include <optional>
#include <queue>
#include <unordered_map>
#include <unordered_set>

#include "engine/graph/messages.h"

namespace pare::engine {
namespace {

using Names = std::unordered_set<std::string>;

// What is there before any node runs.
Result<Names> names_at_start(const Graph& graph) {
  Names made;
  for (const TensorInfo& input : graph.inputs) {
    if (input.name.empty()) return invalid("a graph input has no name");
    if (!made.insert(input.name).second) {
      return invalid("tensor " + in_quotes(input.name) + " is a graph input twice");
    }
  }
  for (const auto& [name, tensor] : graph.constants) {
    if (name.empty()) return invalid("a constant has no name");
    if (!made.insert(name).second) {
      return invalid("tensor " + in_quotes(name) + " is both a graph input and a constant");
    }
  }
  return made;
}

std::optional<Error> check_names_of(const Node& node, Names& node_names, Names& made) {
  if (node.name.empty()) return invalid("a node of type " + node.op + " has no name");
  if (!node_names.insert(node.name).second) {
    return invalid("two nodes have the name " + in_quotes(node.name));
  }
  bool makes_something = false;
  for (const std::string& output : node.outputs) {
    if (output.empty()) continue;  // an optional output that is not wanted
    makes_something = true;
    if (!made.insert(output).second) {
      return invalid("tensor " + in_quotes(output) + ", made by node " + in_quotes(node.name) +
                     ", exists already");
    }
  }
  if (!makes_something) return invalid("node " + in_quotes(node.name) + " makes no tensor");
  return std::nullopt;
}

// Every name once, every use of a name made by somebody; says nothing about order.
Result<std::monostate> check_names(const Graph& graph) {
  Result<Names> start = names_at_start(graph);
  if (!start) return start.error();
  Names made = std::move(start).value();
  Names node_names;
  for (const Node& node : graph.nodes) {
    if (auto error = check_names_of(node, node_names, made)) return *std::move(error);
  }
  for (const Node& node : graph.nodes) {
    for (const std::string& input : tensors_read(node)) {
      if (!made.contains(input)) {
        return invalid("node " + in_quotes(node.name) + " (" + node.op + ") reads tensor " +
                       in_quotes(input) + ", which nothing makes");
      }
    }
  }
  Names outputs;
  for (const TensorInfo& output : graph.outputs) {
    if (!made.contains(output.name)) {
      return invalid("graph output " + in_quotes(output.name) + " is made by nothing");
    }
    if (!outputs.insert(output.name).second) {
      return invalid("tensor " + in_quotes(output.name) + " is a graph output twice");
    }
  }
  return std::monostate{};
}

}  // namespace

Result<std::monostate> verify(const Graph& graph) {
  if (auto names = check_names(graph); !names) return names.error();
  std::unordered_set<std::string> later;  // made by a node that has not run yet
  for (const Node& node : graph.nodes) later.insert(node.outputs.begin(), node.outputs.end());
  for (const Node& node : graph.nodes) {
    for (const std::string& input : tensors_read(node)) {
      if (later.contains(input)) {
        return invalid("node " + in_quotes(node.name) + " runs before tensor " + in_quotes(input) +
                       " is made");
      }
    }
    for (const std::string& output : node.outputs) later.erase(output);
  }
  return std::monostate{};
}

// Kahn's algorithm; of the nodes that may run, the one that stood first goes first, so that an
// order that runs already stays as it is.
Result<std::vector<Node>> sort_topologically(const Graph& graph) {
  if (auto names = check_names(graph); !names) return names.error();
  const Edges edges = edges_of(graph);
  std::vector<std::size_t> waits_for(graph.nodes.size(), 0);
  for (const auto& [tensor, readers] : edges.consumers) {
    if (!edges.producer.contains(tensor)) continue;
    for (const std::size_t reader : readers) ++waits_for[reader];
  }
  std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
  for (std::size_t i = 0; i < waits_for.size(); ++i) {
    if (waits_for[i] == 0) ready.push(i);
  }
  std::vector<Node> sorted;
  sorted.reserve(graph.nodes.size());
  while (!ready.empty()) {
    const Node& node = graph.nodes[ready.top()];
    ready.pop();
    sorted.push_back(node);
    for (const std::string& output : node.outputs) {
      const auto readers = edges.consumers.find(output);
      if (output.empty() || readers == edges.consumers.end()) continue;
      for (const std::size_t reader : readers->second) {
        if (--waits_for[reader] == 0) ready.push(reader);
      }
    }
  }
  for (std::size_t i = 0; i < waits_for.size(); ++i) {
    if (waits_for[i] > 0) {
      return invalid("node " + in_quotes(graph.nodes[i].name) + " is on, or behind, a cycle");
    }
  }
  return sorted;
}

}  // namespace pare::engine
