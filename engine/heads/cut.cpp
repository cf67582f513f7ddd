#include <set>
#include <utility>

#include "core/check.h"
#include "engine/heads/head.h"

namespace pare::engine {

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
    bool wanted = false;
    for (const std::string& made : node->outputs) wanted = wanted || needed.contains(made);
    if (!wanted) continue;
    needed.insert(node->inputs.begin(), node->inputs.end());
    body.nodes.insert(body.nodes.begin(), *node);
  }
  std::erase_if(body.constants, [&](const auto& c) { return !needed.contains(c.first); });
  return body;
}

}  // namespace pare::engine
