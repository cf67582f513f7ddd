#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "core/check.h"
#include "engine/heads/head.h"

namespace pare::engine {

// engine/passes removes dead ends too, and the arrows do not lead there.
Graph cut(const Graph& graph, const Observation& observed, const HeadMatch& match) {
  Graph body = graph;
  body.outputs.clear();
  std::set<std::string> needed;
  for (const HeadLevel& level : match.levels) {
    for (const std::string& tensor : level.tensors) {
      const auto shape = observed.shapes.find(tensor);
      PARE_CHECK(shape != observed.shapes.end(), "a head was matched in another graph");
      body.outputs.push_back({tensor, DType::kFloat32, shape->second});
      needed.insert(tensor);
    }
  }
  body.nodes.clear();
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    const bool wanted = std::ranges::any_of(
        node->outputs, [&](const std::string& made) { return needed.contains(made); });
    if (!wanted) continue;
    for (std::string& name : tensors_read(*node)) needed.insert(std::move(name));
    body.nodes.push_back(*node);
  }
  std::ranges::reverse(body.nodes);
  std::erase_if(body.constants, [&](const auto& c) { return !needed.contains(c.first); });
  return body;
}

}  // namespace pare::engine
