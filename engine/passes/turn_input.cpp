#include "engine/passes/turn_input.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "engine/graph/messages.h"

namespace pare::engine {
namespace {

using Order = std::vector<std::int64_t>;

const Order kLastToFirst = {0, 3, 1, 2};
const Order kFirstToLast = {0, 2, 3, 1};

bool turns(const Node& node, const Order& order) {
  return node.domain.empty() && node.op == "Transpose" && ints_attribute(node, "perm", {}) == order;
}

bool reads_in_a_subgraph(const Graph& graph, const std::string& tensor) {
  return std::ranges::any_of(graph.nodes, [&](const Node& node) {
    return std::ranges::any_of(node.attributes, [&](const auto& attribute) {
      const auto* opaque = std::get_if<OpaqueAttribute>(&attribute.second);
      return opaque != nullptr &&
             std::ranges::find(opaque->captures, tensor) != opaque->captures.end();
    });
  });
}

// `order` makes the new shape of the old one, `back` the old one of the new.
Result<Graph> turned(Graph graph, const Order& order, const Order& back) {
  TensorInfo& input = graph.inputs.at(0);
  if (reads_in_a_subgraph(graph, input.name)) {
    return unsupported("a subgraph reads input " + in_quotes(input.name) +
                       ", whose channels are the last dimension: export it with them second");
  }
  const Shape old = input.shape;
  for (std::size_t axis = 0; axis < old.size(); ++axis) {
    input.shape[axis] = old[static_cast<std::size_t>(order[axis])];
  }
  const std::string as_before = fresh_name(graph, input.name + ".turned");
  bool is_read = false;
  for (Node& node : graph.nodes) {
    if (turns(node, order) && node.inputs[0] == input.name) {
      node.op = "Identity";
      node.attributes.clear();
      continue;
    }
    for (std::string& name : node.inputs) {
      if (name != input.name) continue;
      name = as_before;
      is_read = true;
    }
  }
  if (is_read) {
    graph.nodes.insert(
        graph.nodes.begin(),
        Node{as_before, "Transpose", "", {input.name}, {as_before}, {{"perm", back}}});
  }
  return graph;
}

}  // namespace

Result<Graph> take_channels_first(Graph graph) {
  return turned(std::move(graph), kLastToFirst, kFirstToLast);
}

Result<Graph> take_channels_last(Graph graph) {
  return turned(std::move(graph), kFirstToLast, kLastToFirst);
}

}  // namespace pare::engine
