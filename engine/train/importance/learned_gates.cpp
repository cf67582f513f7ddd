#include "engine/train/importance/learned_gates.h"

#include <cmath>
#include <numeric>
#include <utility>

#include "engine/prune/allocation.h"
#include "engine/train/distill/head_loss.h"
#include "engine/train/importance/unit_gates.h"

namespace pare::engine {
namespace {

UnitOrders as_they_stand(const Groups& groups) {
  UnitOrders orders;
  for (const Group& group : groups.groups) {
    std::vector<int>& order = orders[group.name];
    order.resize(group.units.size());
    std::iota(order.begin(), order.end(), 0);
  }
  return orders;
}

// What a unit of each group costs, of all units together.
Result<torch::Tensor> unit_costs(const ElasticBody& body) {
  const auto costs = WidthCosts::make(body.graph, body.observed, body.ops, body.groups,
                                      as_they_stand(body.groups));
  if (!costs) return costs.error();
  const std::int64_t whole = costs.value().macs({});
  std::vector<float> of_units;
  for (const Group& group : body.groups.groups) {
    const auto units = static_cast<int>(group.units.size());
    const std::int64_t one = units > 1 ? whole - costs.value().macs({{group.name, units - 1}}) : 0;
    of_units.insert(of_units.end(), group.units.size(), static_cast<float>(one));
  }
  const torch::Tensor made = torch::tensor(of_units);
  return made / made.sum().clamp_min(1);
}

struct Networks {
  GraphModule module;
  UnitGates gates;
  HeadChannels head;
  std::vector<std::string> outputs;
};

Result<Networks> open(const ElasticBody& body) {
  auto module = GraphModule::make(body.graph, Trainable::kNothing);
  if (!module) return module.error();
  auto gates = UnitGates::make(body.graph, body.groups);
  if (!gates) return gates.error();
  std::vector<std::string> outputs;
  for (const TensorInfo& output : body.graph.outputs) outputs.push_back(output.name);
  HeadChannels head = head_channels(body.head, outputs);
  if (head.levels.empty()) {
    return Error{ErrorCode::kUnsupported,
                 "gates are trained by what the head says, and this head is not known"};
  }
  return Networks{std::move(module).value(), std::move(gates).value(), std::move(head),
                  std::move(outputs)};
}

Result<torch::Tensor> loss_of(Networks& networks, const torch::Tensor& images,
                              const torch::Tensor& open) {
  std::vector<torch::Tensor> said;
  {
    const torch::NoGradGuard no_grad;
    auto teacher = networks.module.forward({images}, networks.outputs);
    if (!teacher) return teacher.error();
    said = std::move(teacher).value();
  }
  const auto own = networks.module.forward({images}, networks.outputs, networks.gates.gated(open));
  if (!own) return own.error();
  return head_loss(networks.head, own.value(), said);
}

double open_share(const torch::Tensor& gates, const torch::Tensor& costs) {
  return (costs * gates).sum().item<double>();
}

// The nearest gates in [0, 1] whose cost is at most this.
void project(torch::Tensor& gates, const torch::Tensor& costs, double most) {
  constexpr int kHalvings = 50;
  const torch::NoGradGuard no_grad;
  const torch::Tensor from = gates.clamp(0, 1);
  const auto less = [&](double threshold) { return (from - costs * threshold).clamp_min(0); };
  double low = 0, high = 1 / costs.max().clamp_min(1e-12).item<double>();
  if (open_share(from, costs) > most) {
    while (open_share(less(high), costs) > most) high *= 2;
    for (int i = 0; i < kHalvings; ++i) {
      const double middle = (low + high) / 2;
      (open_share(less(middle), costs) > most ? low : high) = middle;
    }
    gates.copy_(less(high));
  } else {
    gates.copy_(from);
  }
}

}  // namespace

Result<std::map<std::string, std::vector<double>>> learned_gates(
    const ElasticBody& body, const std::function<torch::Tensor(std::int64_t step)>& batch,
    const GateOptions& options, const std::function<void(const GateProgress&)>& report) {
  auto opened = open(body);
  if (!opened) return opened.error();
  Networks networks = std::move(opened).value();
  const auto costs = unit_costs(body);
  if (!costs) return costs.error();
  torch::Tensor gates = torch::ones({networks.gates.size()}).requires_grad_();
  torch::optim::Adam adam({gates}, torch::optim::AdamOptions(options.rate));
  for (std::int64_t step = 0; step < options.steps; ++step) {
    const auto loss = loss_of(networks, batch(step), gates);
    if (!loss) return loss.error();
    const double value = loss.value().item<double>();
    if (!std::isfinite(value)) {
      return Error{ErrorCode::kInvalidArgument,
                   "gates: the loss is not finite at step " + std::to_string(step)};
    }
    adam.zero_grad();
    loss.value().backward();
    adam.step();
    const double line =
        options.closed * static_cast<double>(step + 1) / static_cast<double>(options.steps);
    project(gates, costs.value(), 1 - line);
    report({step + 1, value, 1 - open_share(gates, costs.value())});
  }
  return networks.gates.by_group(gates);
}

}  // namespace pare::engine
