#include <algorithm>

#include "engine/passes/passes.h"

namespace pare::engine {

Graph fold_constants(Graph graph, const Observation& observed) {
  std::erase_if(graph.nodes, [&](const Node& node) {
    const bool is_constant = std::ranges::all_of(node.outputs, [&](const std::string& output) {
      return output.empty() || observed.constants.contains(output);
    });
    if (!is_constant) return false;
    for (const std::string& output : node.outputs) {
      if (!output.empty()) graph.constants[output] = observed.constants.at(output);
    }
    return true;
  });
  return remove_dead_ends(std::move(graph));
}

}  // namespace pare::engine
