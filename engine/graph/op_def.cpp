#include "engine/graph/op_def.h"

#include <algorithm>

namespace pare::engine {

const OpDef* find_op(std::span<const OpDef> ops, std::string_view onnx_type) {
  const auto found = std::ranges::lower_bound(ops, onnx_type, {}, &OpDef::onnx_type);
  return found != ops.end() && found->onnx_type == onnx_type ? &*found : nullptr;
}

Result<NodeFacts> facts_of(const Node& node, const Graph& graph, const Observation& observed) {
  const auto constant = [&](const std::string& name) -> const Tensor* {
    if (const auto own = graph.constants.find(name); own != graph.constants.end()) {
      return &own->second;
    }
    const auto seen = observed.constants.find(name);
    return seen == observed.constants.end() ? nullptr : &seen->second;
  };
  NodeFacts facts;
  for (const std::string& name : node.inputs) {
    facts.constants.push_back(name.empty() ? nullptr : constant(name));
    if (facts.constants.back() != nullptr) {
      facts.input_shapes.push_back(facts.constants.back()->shape());
    } else if (const auto shape = observed.shapes.find(name); shape != observed.shapes.end()) {
      facts.input_shapes.push_back(shape->second);
    } else if (name.empty()) {
      facts.input_shapes.emplace_back();
    } else {
      return Error{ErrorCode::kInvalidArgument,
                   "the shape of tensor " + name + ", read by " + node.name + ", was not observed"};
    }
  }
  for (const std::string& name : node.outputs) {
    const auto shape = observed.shapes.find(name);
    if (shape == observed.shapes.end() && !name.empty()) {
      return Error{ErrorCode::kInvalidArgument,
                   "the shape of tensor " + name + ", made by " + node.name + ", was not observed"};
    }
    facts.output_shapes.push_back(name.empty() ? Shape{} : shape->second);
  }
  return facts;
}

}  // namespace pare::engine
