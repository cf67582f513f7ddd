#include "engine/train/graph/schedule.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "engine/train/graph/fake_quantize.h"

namespace pare::engine {
namespace {

struct Operation {
  TorchOp run = nullptr;
  std::vector<std::string> reads;
};

using Makers = std::map<std::string, const Node*>;  // by output

// The node of this operator that makes the tensor, if one does.
const Node* maker_of(const Makers& makers, const std::string& tensor, std::string_view op) {
  const auto maker = makers.find(tensor);
  return maker == makers.end() || maker->second->op != op ? nullptr : maker->second;
}

std::vector<torch::Tensor> run_silu(const TorchCall& call) {
  return {torch::silu(call.inputs[0])};
}

// REQUIRES: both quantize or dequantize.
bool same_scale(const Node& one, const Node& other) {
  return std::equal(one.inputs.begin() + 1, one.inputs.end(), other.inputs.begin() + 1,
                    other.inputs.end());
}

// What two nodes do as one: Mul(x, Sigmoid(x)) reads x alone, and DequantizeLinear reads what was
// quantized with the same scale, so that gradients reach both it and the scale.
Operation operation_of(const Node& node, const Makers& makers) {
  if (node.op == "Mul") {
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
      const Node* const sigmoid = maker_of(makers, node.inputs[i], "Sigmoid");
      if (sigmoid == nullptr || sigmoid->inputs[0] != node.inputs[1 - i]) continue;
      return {run_silu, {node.inputs[1 - i]}};
    }
  }
  if (node.op == "DequantizeLinear") {
    const Node* const quantized = maker_of(makers, node.inputs[0], "QuantizeLinear");
    if (quantized != nullptr && same_scale(*quantized, node)) {
      return {run_fake_quantize, quantized->inputs};
    }
  }
  return {find_torch_op(node.op), node.inputs};
}

std::vector<Operation> operations_of(const Graph& graph) {
  Makers makers;
  std::vector<Operation> operations;
  for (const Node& node : graph.nodes) {
    operations.push_back(operation_of(node, makers));
    for (const std::string& output : node.outputs) makers[output] = &node;
  }
  return operations;
}

std::vector<bool> needed_for(const Graph& graph, const std::vector<Operation>& operations,
                             const std::vector<std::string>& wanted) {
  std::set<std::string> tensors(wanted.begin(), wanted.end());
  std::vector<bool> needed(graph.nodes.size(), false);
  for (std::size_t i = graph.nodes.size(); i-- > 0;) {
    for (const std::string& out : graph.nodes[i].outputs) {
      needed[i] = needed[i] || tensors.contains(out);
    }
    if (needed[i]) tensors.insert(operations[i].reads.begin(), operations[i].reads.end());
  }
  return needed;
}

class Scheduling {
 public:
  explicit Scheduling(const Graph& graph) : graph_(graph) {
    schedule_.names.emplace_back();
    for (const TensorInfo& input : graph.inputs) schedule_.inputs.push_back(place(input.name));
  }

  Result<Schedule> run(const std::vector<std::string>& wanted) {
    const std::vector<Operation> operations = operations_of(graph_);
    const std::vector<bool> needed = needed_for(graph_, operations, wanted);
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (!needed[i]) continue;
      Schedule::Step step{operations[i].run, i, {}, {}, {}};
      for (const std::string& name : operations[i].reads) step.inputs.push_back(read(name));
      for (const std::string& name : graph_.nodes[i].outputs) step.outputs.push_back(place(name));
      schedule_.steps.push_back(std::move(step));
    }
    for (const std::string& name : wanted) {
      if (!places_.contains(name)) {
        return Error{ErrorCode::kInvalidArgument, "the graph makes no tensor called " + name};
      }
      schedule_.wanted.push_back(places_.at(name));
    }
    find_last_reads();
    return std::move(schedule_);
  }

 private:
  std::size_t place(const std::string& name) {
    const auto [at, is_new] = places_.emplace(name, schedule_.names.size());
    if (is_new) schedule_.names.push_back(name);
    return at->second;
  }

  std::size_t read(const std::string& name) {
    if (name.empty()) return Schedule::kAbsent;
    const bool is_new = !places_.contains(name);
    const std::size_t at = place(name);
    if (is_new && graph_.constants.contains(name)) schedule_.constants.push_back(at);
    return at;
  }

  void find_last_reads() {
    std::set<std::size_t> kept(schedule_.wanted.begin(), schedule_.wanted.end());
    kept.insert(schedule_.constants.begin(), schedule_.constants.end());
    kept.insert(Schedule::kAbsent);
    for (auto step = schedule_.steps.rbegin(); step != schedule_.steps.rend(); ++step) {
      for (const auto* touched : {&step->inputs, &step->outputs}) {
        for (const std::size_t at : *touched) {
          if (kept.insert(at).second) step->last_read.push_back(at);
        }
      }
    }
  }

  const Graph& graph_;
  std::map<std::string, std::size_t> places_;
  Schedule schedule_;
};

}  // namespace

Result<Schedule> make_schedule(const Graph& graph, const std::vector<std::string>& wanted) {
  return Scheduling(graph).run(wanted);
}

}  // namespace pare::engine
