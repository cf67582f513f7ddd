// Sub-networks of a few plans, and how far they are from the original on images held out.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <vector>

#include "engine/prune/correction.h"
#include "engine/train/distill/distillation.h"
#include "engine/train/elastic/plan_pool.h"

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

// The mean loss of each sub-network over all images of the batches.  Fails as Distillation::loss().
Result<std::vector<double>> held_out_losses(Distillation& distillation,
                                            std::vector<SubNetwork>& judged,
                                            const std::vector<torch::Tensor>& batches);

// The one whose share is nearest.  REQUIRES: judged is not empty.
std::size_t nearest_to(const std::vector<SubNetwork>& judged, double share);

}  // namespace pare::engine
