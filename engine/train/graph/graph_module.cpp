#include "engine/train/graph/graph_module.h"

#include <set>
#include <string_view>
#include <utility>

#include "engine/train/graph/torch_ops.h"
#include "engine/train/graph/torch_tensor.h"

namespace pare::engine {
namespace {

enum class Use { kFixed, kKernel, kOffset, kScale, kStatistic };

Use use_of(const Node& node, std::size_t input) {
  if (node.op == "Conv" && input == 1) return Use::kKernel;
  if (node.op == "Conv" && input == 2) return Use::kOffset;
  if (node.op == "BatchNormalization" && input == 1) return Use::kScale;
  if (node.op == "BatchNormalization" && input == 2) return Use::kOffset;
  if (node.op == "BatchNormalization" && input >= 3) return Use::kStatistic;
  if (node.op == "Relu") return Use::kOffset;  // a share that is learned and kept positive
  return Use::kFixed;
}

// torch's messages go on with a back-trace.
std::string first_line(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

Error refused(const Node& node, const std::string& why) {
  return {ErrorCode::kInvalidArgument,
          "node " + node.name + " (" + node.op + "): " + first_line(why)};
}

}  // namespace

Result<GraphModule> GraphModule::make(const Graph& graph, Trainable trainable) {
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
  module.adopt_constants(trainable);
  return module;
}

void GraphModule::adopt_constants(Trainable trainable) {
  for (const auto& [name, tensor] : graph_.constants) constants_[name] = to_torch(tensor);
  if (trainable == Trainable::kNothing) return;
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
      parameters_.push_back(
          {node.inputs[i], constant->second, use == Use::kKernel, use == Use::kScale});
    }
  }
}

Result<const Schedule*> GraphModule::schedule_for(const std::vector<std::string>& wanted) {
  const auto known = schedules_.find(wanted);
  if (known != schedules_.end()) return &known->second;
  auto made = make_schedule(graph_, wanted);
  if (!made) return made.error();
  return &schedules_.emplace(wanted, std::move(made).value()).first->second;
}

Result<std::vector<torch::Tensor>> GraphModule::forward(const std::vector<torch::Tensor>& inputs,
                                                        const std::vector<std::string>& wanted,
                                                        const Values& instead) {
  const auto found = schedule_for(wanted);
  if (!found) return found.error();
  const Schedule& schedule = *found.value();
  std::vector<torch::Tensor> values(schedule.names.size());
  for (const std::size_t at : schedule.constants) {
    const auto other = instead.find(schedule.names[at]);
    values[at] = other == instead.end() ? constants_.at(schedule.names[at]) : other->second;
  }
  for (std::size_t i = 0; i < schedule.inputs.size() && i < inputs.size(); ++i) {
    values[schedule.inputs[i]] = inputs[i];
  }
  std::vector<torch::Tensor> arguments;
  for (const Schedule::Step& step : schedule.steps) {
    const Node& node = graph_.nodes[step.node];
    arguments.clear();
    for (const std::size_t at : step.inputs) arguments.push_back(values[at]);
    try {
      const auto made = step.run({.node = node, .inputs = arguments, .training = training_});
      for (std::size_t k = 0; k < step.outputs.size() && k < made.size(); ++k) {
        values[step.outputs[k]] = made[k];
      }
    } catch (const c10::Error& error) {
      return refused(node, error.what_without_backtrace());
    } catch (const std::exception& error) {  // some of torch's checks throw what they like
      return refused(node, error.what());
    }
    for (const std::size_t at : step.last_read) values[at] = torch::Tensor();
  }
  std::vector<torch::Tensor> out;
  for (const std::size_t at : schedule.wanted) {
    if (!values[at].defined()) {
      return Error{ErrorCode::kInvalidArgument,
                   "the graph makes no tensor called " + schedule.names[at]};
    }
    out.push_back(values[at]);
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
