#include "engine/train/weight_average.h"

#include <cmath>
#include <utility>

#include "engine/train/graph/torch_tensor.h"

namespace pare::engine {
namespace {
constexpr double kRampSteps = 300.0;
}  // namespace

WeightAverage::WeightAverage(const GraphModule& module, double decay) : decay_(decay) {
  for (const TrainableParameter& p : module.parameters()) {
    values_[p.name] = p.value.detach().clone();
  }
  for (const auto& [name, value] : module.statistics()) values_[name] = value.detach().clone();
}

void WeightAverage::update(const GraphModule& module) {
  const torch::NoGradGuard no_grad;
  ++updates;
  const double decay = decay_ * (1.0 - std::exp(-static_cast<double>(updates) / kRampSteps));
  const auto blend = [&](const std::string& name, const torch::Tensor& value) {
    values_[name].lerp_(value.detach(), 1.0 - decay);
  };
  for (const TrainableParameter& p : module.parameters()) blend(p.name, p.value);
  for (const auto& [name, value] : module.statistics()) blend(name, value);
}

Graph WeightAverage::apply_to(Graph graph) const {
  for (const auto& [name, value] : values_) graph.constants[name] = from_torch(value);
  return graph;
}

}  // namespace pare::engine
