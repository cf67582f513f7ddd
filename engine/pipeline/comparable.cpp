#include "engine/pipeline/comparable.h"

#include <algorithm>
#include <set>
#include <utility>

#include "engine/graph/convert.h"
#include "engine/passes/passes.h"

namespace pare::engine {
namespace {

DType type_of(const TensorInfo& output, const Observation& observed) {
  const auto seen = observed.types.find(output.name);
  return seen == observed.types.end() ? output.dtype : seen->second;
}

// Why a tensor cannot be compared; empty: it can.
std::string why_not(const TensorInfo& tensor, const Observation& observed) {
  if (observed.constants.contains(tensor.name)) return "it is the same for every image";
  if (observed.varying.contains(tensor.name)) return "its shape depends on what is in the image";
  const DType type = type_of(tensor, observed);
  if (!is_float(type)) return "it holds " + std::string(name_of(type)) + ", no measured numbers";
  const auto shape = observed.shapes.find(tensor.name);
  if (shape != observed.shapes.end() && element_count(shape->second) == 0) return "it is empty";
  return "";
}

// Goes back from an output that cannot be compared to the float32 tensors that can.  `seen` goes on
// from output to output.
std::vector<std::string> sources_of(const Graph& graph, const Edges& edges,
                                    const Observation& observed, const std::string& output,
                                    std::set<std::string>& seen) {
  std::vector<std::string> found;
  std::vector<std::string> open = {output};
  while (!open.empty()) {
    const auto maker = edges.producer.find(open.back());
    open.pop_back();
    if (maker == edges.producer.end()) continue;  // an input or a constant
    for (const std::string& name : tensors_read(graph.nodes[maker->second])) {
      if (!seen.insert(name).second || !edges.producer.contains(name)) continue;
      const auto type = observed.types.find(name);
      const bool is_float32 = type != observed.types.end() && type->second == DType::kFloat32;
      const bool stands = is_float32 && why_not({name, DType::kFloat32, {}}, observed).empty();
      (stands ? found : open).push_back(name);
    }
  }
  return found;
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "\"" : ", \"") + name + "\"";
  return text;
}

}  // namespace

Comparable comparable_outputs(const Graph& graph, const Observation& observed) {
  const Edges edges = edges_of(graph);
  Comparable found;
  std::set<std::string> seen;
  const auto take = [&](const std::string& name) {
    if (std::ranges::find(found.tensors, name) == found.tensors.end())
      found.tensors.push_back(name);
  };
  for (const TensorInfo& output : graph.outputs) {
    if (why_not(output, observed).empty()) take(output.name);
  }
  for (const TensorInfo& output : graph.outputs) {
    if (why_not(output, observed).empty()) continue;
    for (const std::string& source : sources_of(graph, edges, observed, output.name, seen)) {
      take(source);
    }
  }
  found.outputs = outputs_compared_by(graph, observed, found.tensors);
  return found;
}

std::vector<ModelOutput> outputs_compared_by(const Graph& graph, const Observation& observed,
                                             const std::vector<std::string>& tensors) {
  std::vector<ModelOutput> outputs;
  for (const TensorInfo& output : graph.outputs) {
    ModelOutput& out = outputs.emplace_back();
    out.name = output.name;
    out.type = std::string(name_of(type_of(output, observed)));
    const auto shape = observed.shapes.find(output.name);
    if (shape != observed.shapes.end()) out.shape = shape->second;
    if (observed.varying.contains(output.name)) out.shape.assign(out.shape.size(), -1);
    if (std::ranges::find(tensors, output.name) != tensors.end()) continue;
    std::string why = why_not(output, observed);
    if (why.empty()) why = "it is made from what is compared";
    out.why_not_compared =
        why + (tensors.empty() ? "" : "; compared are " + listed(tensors) + " in front of it");
  }
  return outputs;
}

Result<Graph> with_outputs(const Graph& graph, const std::vector<std::string>& tensors) {
  if (tensors.empty()) return graph;
  Graph part = graph;
  part.outputs.clear();
  const Edges edges = edges_of(graph);
  for (const std::string& name : tensors) {
    if (!edges.producer.contains(name)) {
      return Error{ErrorCode::kInvalidArgument,
                   "no node makes the tensor \"" + name + "\" that the card says is scored"};
    }
    const auto output = std::ranges::find(graph.outputs, name, &TensorInfo::name);
    part.outputs.push_back(output != graph.outputs.end() ? *output
                                                         : TensorInfo{name, DType::kFloat32, {}});
  }
  return remove_dead_ends(std::move(part));
}

}  // namespace pare::engine
