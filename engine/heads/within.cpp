#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "engine/heads/find.h"
#include "engine/heads/head.h"
#include "engine/heads/raw_tail.h"

namespace pare::engine {
namespace {

// The graph that makes these tensors and nothing else.
Graph making(const Graph& graph, std::vector<TensorInfo> outputs) {
  Graph part = graph;
  std::set<std::string> needed;
  for (const TensorInfo& output : outputs) needed.insert(output.name);
  part.outputs = std::move(outputs);
  part.nodes.clear();
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    const bool wanted = std::ranges::any_of(
        node->outputs, [&](const std::string& made) { return needed.contains(made); });
    if (!wanted) continue;
    for (std::string& name : tensors_read(*node)) needed.insert(std::move(name));
    part.nodes.push_back(*node);
  }
  std::ranges::reverse(part.nodes);
  return part;
}

// What of the graph stands behind `front`, if it reads nothing else of it.
std::optional<KeptTail> tail_behind(const Graph& graph, const Observation& observed,
                                    const Graph& front) {
  KeptTail tail;
  std::set<std::string> there;
  for (const TensorInfo& output : front.outputs) there.insert(output.name);
  tail.reads = front.outputs;
  std::set<std::string> in_front;
  for (const Node& node : front.nodes) in_front.insert(node.outputs.begin(), node.outputs.end());
  for (const Node& node : making(graph, graph.outputs).nodes) {
    if (in_front.contains(node.outputs.front())) continue;
    for (const std::string& name : tensors_read(node)) {
      if (!there.contains(name) && !graph.constants.contains(name)) return std::nullopt;
    }
    there.insert(node.outputs.begin(), node.outputs.end());
    tail.nodes.push_back(with_own_constants(node, graph, tail));
  }
  for (const TensorInfo& output : graph.outputs) {
    const auto constant = graph.constants.find(output.name);
    if (constant != graph.constants.end()) {
      tail.constants.insert(*constant);  // such as the anchors: handed out as they are
    } else if (!there.contains(output.name)) {
      return std::nullopt;
    }
  }
  tail.outputs = as_observed(graph.outputs, observed);
  return tail;
}

// Tensors with the same numbers as this one, or the same in another order, itself first: what an
// NMS reads is often laid out for it, and what stands behind the NMS reads the tensor before that.
std::vector<std::string> laid_out_as(const Edges& edges, const Graph& graph, std::string tensor) {
  static const std::set<std::string> kMoves = {"Identity", "Reshape", "Squeeze", "Transpose",
                                               "Unsqueeze"};
  std::vector<std::string> same = {tensor};
  for (;;) {
    const auto maker = edges.producer.find(tensor);
    if (maker == edges.producer.end()) return same;
    const Node& node = graph.nodes[maker->second];
    if (!node.domain.empty() || !kMoves.contains(node.op)) return same;
    tensor = node.inputs[0];
    same.push_back(tensor);
  }
}

// What the model's NMS reads as boxes and scores, in every layout that it has on the way there.
std::vector<std::vector<std::string>> read_by_nms(const Graph& graph) {
  const Edges edges = edges_of(graph);
  std::vector<std::vector<std::string>> pairs;
  for (const Node& node : graph.nodes) {
    if (node.op != "NonMaxSuppression" || node.inputs.size() < 2) continue;
    for (const std::string& boxes : laid_out_as(edges, graph, node.inputs[0])) {
      for (const std::string& scores : laid_out_as(edges, graph, node.inputs[1])) {
        pairs.push_back({boxes, scores});
      }
    }
  }
  return pairs;
}

}  // namespace

Result<HeadMatch> match_before(const Graph& graph, const Observation& observed,
                               const std::vector<std::string>& tensors,
                               const std::function<Result<HeadMatch>(const Graph& front)>& find) {
  std::vector<TensorInfo> outputs;
  for (const std::string& name : tensors) {
    const auto shape = observed.shapes.find(name);
    if (shape == observed.shapes.end()) {
      return Error{ErrorCode::kInvalidArgument, "the model has no tensor \"" + name + "\""};
    }
    outputs.push_back({name, DType::kFloat32, shape->second});
  }
  const Graph front = making(graph, std::move(outputs));
  auto found = find(front);
  if (!found) return found;
  auto tail = tail_behind(graph, observed, front);
  if (!tail) {
    return Error{ErrorCode::kUnsupported,
                 "the model's outputs are made from more than the head's own"};
  }
  HeadMatch match = std::move(found).value();
  match.behind = std::move(*tail);
  return match;
}

Result<HeadMatch> find_head_within(const Graph& graph, const Observation& observed,
                                   std::string_view named,
                                   const std::vector<std::string>& tensors) {
  const auto find = [&](const Graph& front) { return find_head(front, observed, named); };
  if (!tensors.empty()) return match_before(graph, observed, tensors, find);
  const std::vector<bool> before = leads_to_a_convolution(graph);
  for (std::size_t n = graph.nodes.size(); n-- > 0;) {
    if (before[n]) continue;
    for (const std::string& tensor : graph.nodes[n].outputs) {
      const auto type = observed.types.find(tensor);
      if (type == observed.types.end() || type->second != DType::kFloat32) continue;
      if (observed.varying.contains(tensor) || observed.constants.contains(tensor)) continue;
      auto match = match_before(graph, observed, {tensor}, find);
      if (match) return match;
    }
  }
  for (const std::vector<std::string>& pair : read_by_nms(graph)) {
    auto match = match_before(graph, observed, pair, find);
    if (match) return match;
  }
  return Error{ErrorCode::kUnsupported, "no head that Pare knows stands before the outputs either"};
}

}  // namespace pare::engine
