// Exponential moving averages of a module's parameters and statistics: smoother than any one step.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <map>
#include <string>

#include "engine/train/graph/graph_module.h"

namespace pare::engine {

class WeightAverage {
 public:
  WeightAverage(const GraphModule& module, double decay);

  // The decay ramps up over the first steps, so that the random start is soon forgotten.
  void update(const GraphModule& module);

  // `graph` with the averaged values in place of its own.
  Graph apply_to(Graph graph) const;

  std::map<std::string, torch::Tensor>& values() { return values_; }
  std::int64_t updates = 0;

 private:
  double decay_;
  std::map<std::string, torch::Tensor> values_;
};

}  // namespace pare::engine
