// A gate on every unit: a factor of the weights with which consumers read the unit's channels.
//
// All at 1: the network as it is.  One at 0: what mute() and prune() make of it without that unit.
// So the gradient of a loss by a gate says how it changes as the unit goes.
//
// Weights that several nodes read are gated by the first of them.  Cost: a pass over the consumers'
// weights.  Not thread-safe.
// Source: gates for importance as in Molchanov et al. (CVPR 2019), on the reading side.
#pragma once

#include <torch/torch.h>

#include <map>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/prune/groups.h"
#include "engine/train/graph/graph_module.h"

namespace pare::engine {

class UnitGates {
 public:
  // Fails as fp32_constant(), for a consumer.  REQUIRES: `groups` are of `graph` and outlive this.
  static Result<UnitGates> make(const Graph& graph, const Groups& groups);

  // Of all groups, one behind the other.
  std::int64_t size() const { return size_; }
  // The consumers' weights, by the names of their constants.  `gates`: (size()).
  GraphModule::Values gated(const torch::Tensor& gates) const;
  // Numbers of the units, of each group in the order of Group::units.
  std::map<std::string, std::vector<double>> by_group(const torch::Tensor& numbers) const;

 private:
  struct Layer {
    std::string constant;
    torch::Tensor weights;
    torch::Tensor gate_of;            // of each input; size(): none
    std::vector<std::int64_t> shape;  // of the factors
  };

  explicit UnitGates(const Groups& groups) : groups_(&groups) {}

  const Groups* groups_;
  std::int64_t size_ = 0;
  std::vector<Layer> layers_;
};

}  // namespace pare::engine
