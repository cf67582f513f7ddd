// The sub-networks of a few plans, and what of a body their training changes.
//
// Cost: sub_network.h for each plan, and without_parts.h for each that leaves out blocks or taps.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <vector>

#include "engine/prune/correction.h"
#include "engine/train/elastic/plan_pool.h"
#include "engine/train/elastic/sub_network.h"

namespace pare::engine {

// One for each plan, the units of each group going in this order.  Fails as select_units() and
// SubNetwork::make().  REQUIRES: `coordinates` outlive them.
Result<std::vector<SubNetwork>> make_sub_networks(const ElasticBody& body, const UnitOrders& orders,
                                                  const Coordinates& coordinates,
                                                  const std::vector<double>& knots,
                                                  const std::vector<PoolPlan>& plans);

// How sub-networks in int8 come about.
struct Int8Networks {
  const Supernet* from = nullptr;  // whose weights they begin with; null: the body's
  // Weights simulated, nearest rounding, no equalization (Lowering).
  std::function<Result<QuantizedGraph>(const PrunedGraph& pruned, const QuantizationPlan& plan)>
      quantize;
};

// The same in int8.  Fails as corrected() too.  REQUIRES: every plan has a quantization.
Result<std::vector<SubNetwork>> make_int8_networks(const ElasticBody& body,
                                                   const UnitOrders& orders,
                                                   const Coordinates& coordinates,
                                                   const Int8Networks& int8,
                                                   const std::vector<PoolPlan>& plans);

// Nodes of the body that some plan affects.  Fails as select_units().
Result<std::vector<bool>> affected_by_any(const ElasticBody& body, const UnitOrders& orders,
                                          const std::vector<PoolPlan>& plans);

// What training in fp32 changes: the layers that some plan affects.  `images`: inputs of the
// network, the first few of which are looked at.  Fails as Coordinates::make().
Result<Coordinates> fp32_coordinates(const ElasticBody& body, const UnitOrders& orders,
                                     const std::vector<PoolPlan>& plans, std::size_t knots,
                                     const torch::Tensor& images);

// In int8: all layers, with the ranges of what they read and make.
Result<Coordinates> int8_coordinates(const ElasticBody& body, const torch::Tensor& images);

}  // namespace pare::engine
