#include "engine/train/graph_module.h"

#include <set>
#include <string_view>
#include <utility>

#include "engine/train/torch_ops.h"
#include "engine/train/torch_tensor.h"

namespace pare::engine {
namespace {

enum class Use { kFixed, kKernel, kOffset, kStatistic };

Use use_of(const Node& node, std::size_t input) {
  if (node.op == "Conv" && input == 1) return Use::kKernel;
  if (node.op == "Conv" && input == 2) return Use::kOffset;
  if (node.op == "BatchNormalization" && (input == 1 || input == 2)) return Use::kOffset;
  if (node.op == "BatchNormalization" && input >= 3) return Use::kStatistic;
  return Use::kFixed;
}

// torch's messages go on with a back-trace.
std::string first_line(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

}  // namespace

Result<GraphModule> GraphModule::make(const Graph& graph) {
  for (const Node& node : graph.nodes) {
    if (!node.domain.empty() || find_torch_op(node.op) == nullptr) {
      return Error{ErrorCode::kUnsupported,
                   "node " + node.name + ": operator " + node.op + " cannot be trained here"};
    }
  }
  for (const auto& [name, tensor] : graph.constants) {
    if (tensor.dtype() == DType::kUint16) {
      return Error{ErrorCode::kUnsupported, "constant " + name + ": torch has no uint16"};
    }
  }
  GraphModule module(graph);
  module.adopt_constants();
  return module;
}

void GraphModule::adopt_constants() {
  for (const auto& [name, tensor] : graph_.constants) constants_[name] = to_torch(tensor);
  std::set<std::string> seen;
  for (const Node& node : graph_.nodes) {
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const Use use = use_of(node, i);
      const auto constant = constants_.find(node.inputs[i]);
      if (use == Use::kFixed || constant == constants_.end() ||
          !seen.insert(node.inputs[i]).second) {
        continue;
      }
      if (use == Use::kStatistic) {
        statistics_[node.inputs[i]] = constant->second;
        continue;
      }
      constant->second.set_requires_grad(true);
      parameters_.push_back({node.inputs[i], constant->second, use == Use::kKernel});
    }
  }
}

std::vector<bool> GraphModule::needed_for(const std::vector<std::string>& wanted) const {
  std::set<std::string> tensors(wanted.begin(), wanted.end());
  std::vector<bool> needed(graph_.nodes.size(), false);
  for (std::size_t i = graph_.nodes.size(); i-- > 0;) {
    const Node& node = graph_.nodes[i];
    for (const std::string& out : node.outputs) needed[i] = needed[i] || tensors.contains(out);
    if (needed[i]) tensors.insert(node.inputs.begin(), node.inputs.end());
  }
  return needed;
}

Result<std::vector<torch::Tensor>> GraphModule::forward(const std::vector<torch::Tensor>& inputs,
                                                        const std::vector<std::string>& wanted) {
  std::map<std::string, torch::Tensor> values = constants_;
  values[""] = torch::Tensor();
  for (std::size_t i = 0; i < graph_.inputs.size() && i < inputs.size(); ++i) {
    values[graph_.inputs[i].name] = inputs[i];
  }
  const std::vector<bool> needed = needed_for(wanted);
  for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
    if (!needed[i]) continue;
    const Node& node = graph_.nodes[i];
    std::vector<torch::Tensor> arguments;
    for (const std::string& name : node.inputs) arguments.push_back(values[name]);
    try {
      const auto made =
          find_torch_op(node.op)({.node = node, .inputs = arguments, .training = training_});
      for (std::size_t k = 0; k < node.outputs.size() && k < made.size(); ++k) {
        values[node.outputs[k]] = made[k];
      }
    } catch (const c10::Error& error) {
      return Error{ErrorCode::kInvalidArgument, "node " + node.name + " (" + node.op + "): " +
                                                    first_line(error.what_without_backtrace())};
    }
  }
  std::vector<torch::Tensor> out;
  for (const std::string& name : wanted) {
    const auto at = values.find(name);
    if (at == values.end() || !at->second.defined()) {
      return Error{ErrorCode::kInvalidArgument, "the graph makes no tensor called " + name};
    }
    out.push_back(at->second);
  }
  return out;
}

Graph GraphModule::to_graph() const {
  Graph graph = graph_;
  for (const TrainableParameter& p : parameters_) graph.constants[p.name] = from_torch(p.value);
  for (const auto& [name, value] : statistics_) graph.constants[name] = from_torch(value);
  return graph;
}

}  // namespace pare::engine
