#include "engine/onnx/opset_upgrade.h"

#include <string>

#include "engine/graph/messages.h"
#include "engine/onnx/opset_rules.h"

namespace pare::engine {
namespace {

constexpr int kOldest = 7;  // before it, operators broadcast by attributes
constexpr int kNewest = 13;

}  // namespace

Result<Graph> upgrade_opset(const Graph& graph, const Observation& observed, int target) {
  if (graph.opset >= target) return graph;
  const std::string step =
      "opset " + std::to_string(graph.opset) + " cannot become " + std::to_string(target) + ": ";
  if (graph.opset < kOldest || target != kNewest) {
    return unsupported(step + "the way from " + std::to_string(kOldest) + " to " +
                       std::to_string(kNewest) + " is known");
  }
  Rewriting rewriting(graph, observed);
  for (const Node& node : graph.nodes) {
    if (auto added = add_upgraded(node, graph.opset, rewriting); !added) {
      return Error{added.error().code, step + added.error().message};
    }
  }
  Graph upgraded = rewriting.finish(target);
  if (auto sound = verify(upgraded); !sound) {
    return Error{sound.error().code, step + sound.error().message};
  }
  return upgraded;
}

}  // namespace pare::engine
