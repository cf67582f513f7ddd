#include "engine/pipeline/plugin_nms.h"

#include <algorithm>
#include <set>
#include <utility>

#include "engine/graph/convert.h"
#include "engine/graph/messages.h"

namespace pare::engine {
namespace {

bool is_plugin_nms(const Node& node) {
  static const std::set<std::string> kOps = {"BatchedNMSDynamic_TRT", "BatchedNMS_TRT",
                                             "EfficientNMS_TRT"};
  return kOps.contains(node.op) && node.inputs.size() >= 2;
}

// The type of numbers that it hands out is that of those it reads.
DType type_of_numbers(const std::vector<TensorInfo>& outputs) {
  const auto found = std::ranges::find_if(
      outputs, [](const TensorInfo& output) { return is_float(output.dtype); });
  return found == outputs.end() ? DType::kFloat32 : found->dtype;
}

}  // namespace

Graph without_plugin_nms(Graph graph, std::vector<std::string>& notes) {
  const auto nms = std::ranges::find_if(graph.nodes, is_plugin_nms);
  if (nms == graph.nodes.end()) return graph;
  const std::string boxes = nms->inputs[0], scores = nms->inputs[1];
  if (graph.constants.contains(boxes) || graph.constants.contains(scores)) return graph;
  const std::string name = describe(*nms);
  std::set<std::string> gone(nms->outputs.begin(), nms->outputs.end());
  std::vector<Node> kept;
  for (Node& node : graph.nodes) {
    const bool follows = std::ranges::any_of(
        tensors_read(node), [&](const std::string& read) { return gone.contains(read); });
    if (follows || gone.contains(node.outputs.front())) {
      gone.insert(node.outputs.begin(), node.outputs.end());
    } else {
      kept.push_back(std::move(node));
    }
  }
  graph.nodes = std::move(kept);
  const DType type = type_of_numbers(graph.outputs);
  std::erase_if(graph.outputs,
                [&](const TensorInfo& output) { return gone.contains(output.name); });
  for (const std::string& read : {boxes, scores}) {
    if (std::ranges::find(graph.outputs, read, &TensorInfo::name) == graph.outputs.end()) {
      graph.outputs.push_back({read, type, {}});
    }
  }
  notes.push_back("The model ends in " + name +
                  ", which only TensorRT runs: it is taken off, and candidates end in the boxes " +
                  in_quotes(boxes) + " and scores " + in_quotes(scores) + " that it reads.");
  return graph;
}

}  // namespace pare::engine
