#include "engine/train/importance/unit_gates.h"

#include <algorithm>
#include <set>
#include <utility>

#include "engine/prune/layer_inputs.h"
#include "engine/prune/linear_layer.h"
#include "engine/train/graph/torch_tensor.h"

namespace pare::engine {

Result<UnitGates> UnitGates::make(const Graph& graph, const Groups& groups) {
  UnitGates made(groups);
  std::map<Symbol, std::int64_t> gate_of;
  for (const Group& group : groups.groups) {
    for (const Symbol unit : group.units) gate_of[unit] = made.size_++;
  }
  std::set<std::string> seen;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    const auto cut = std::ranges::find(groups.cuts[n], CutRole::kConsumes, &Cut::role);
    if (cut == groups.cuts[n].end() || !seen.insert(node.inputs[kWeightInput]).second) continue;
    if (const auto fine = fp32_constant(graph, node, kWeightInput); !fine) return fine.error();
    Layer layer{node.inputs[kWeightInput],
                to_torch(graph.constants.find(node.inputs[kWeightInput])->second),
                {},
                {}};
    std::vector<std::int64_t> gates;
    for (const Symbol symbol : cut->symbols) {
      const auto gate = gate_of.find(symbol);
      gates.push_back(gate == gate_of.end() ? made.size_ : gate->second);
    }
    layer.gate_of = torch::tensor(gates);
    layer.shape.assign(static_cast<std::size_t>(layer.weights.dim()), 1);
    layer.shape[static_cast<std::size_t>(cut->axis)] = std::ssize(gates);
    made.layers_.push_back(std::move(layer));
  }
  return made;
}

GraphModule::Values UnitGates::gated(const torch::Tensor& gates) const {
  const torch::Tensor with_open = torch::cat({gates, torch::ones({1})});
  GraphModule::Values values;
  for (const Layer& layer : layers_) {
    values[layer.constant] =
        layer.weights * with_open.index_select(0, layer.gate_of).view(layer.shape);
  }
  return values;
}

std::map<std::string, std::vector<double>> UnitGates::by_group(const torch::Tensor& numbers) const {
  const torch::Tensor flat = numbers.detach().to(torch::kFloat64).contiguous();
  const double* next = flat.data_ptr<double>();
  std::map<std::string, std::vector<double>> own;
  for (const Group& group : groups_->groups) {
    own[group.name].assign(next, next + group.units.size());
    next += group.units.size();
  }
  return own;
}

}  // namespace pare::engine
