#include "engine/train/graph/schedule.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace pare::engine {
namespace {

struct Operation {
  TorchOp run = nullptr;
  std::vector<std::string> reads;
};

std::vector<torch::Tensor> run_silu(const TorchCall& call) {
  return {torch::silu(call.inputs[0])};
}

// What a node does: Mul(x, Sigmoid(x)) reads x alone.
std::vector<Operation> operations_of(const Graph& graph) {
  std::map<std::string, const Node*> sigmoids;  // by output
  std::vector<Operation> operations;
  for (const Node& node : graph.nodes) {
    Operation operation{find_torch_op(node.op), node.inputs};
    if (node.op == "Sigmoid") sigmoids[node.outputs[0]] = &node;
    if (node.op == "Mul") {
      for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
        const auto sigmoid = sigmoids.find(node.inputs[i]);
        if (sigmoid != sigmoids.end() && sigmoid->second->inputs[0] == node.inputs[1 - i]) {
          operation = {run_silu, {node.inputs[1 - i]}};
          break;
        }
      }
    }
    operations.push_back(std::move(operation));
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
