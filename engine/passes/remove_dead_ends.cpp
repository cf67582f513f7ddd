#include <algorithm>
#include <set>
#include <string>

#include "engine/passes/passes.h"

namespace pare::engine {

Graph remove_dead_ends(Graph graph) {
  std::set<std::string, std::less<>> needed;
  for (const TensorInfo& output : graph.outputs) needed.insert(output.name);
  std::vector<Node> kept;  // backwards
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    const bool is_needed = std::ranges::any_of(
        node->outputs, [&](const std::string& output) { return needed.contains(output); });
    if (!is_needed) continue;
    for (std::string& name : tensors_read(*node)) needed.insert(std::move(name));
    kept.push_back(std::move(*node));
  }
  graph.nodes.assign(std::make_move_iterator(kept.rbegin()), std::make_move_iterator(kept.rend()));
  std::erase_if(graph.constants, [&](const auto& entry) { return !needed.contains(entry.first); });
  return graph;
}

}  // namespace pare::engine
