// Which sub-networks are trained: allocations beside the expected front that still differ.
//
// Widths at random are worthless (an eighth off every group: .046 mAP, a tenth of the MACs well
// placed: .294).  So each plan is an allocation (engine/prune/allocation.h) whose damages were
// multiplied by log-normal noise; savings are spread evenly.
//
// Cost: milliseconds a plan.  Pure: the same seed gives the same pool.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/plan.h"
#include "core/result.h"
#include "engine/prune/importance.h"
#include "engine/train/elastic/elastic_body.h"

namespace pare::engine {

struct PoolPlan {
  std::map<std::string, int> widths;
  double share = 0;  // of the MACs that it saves
  std::optional<QuantizationPlan> quantization = {};
};

struct PoolOptions {
  int plans = 32;
  double least = 0.04, most = 0.5;  // shares of the MACs that are saved
  double noise = 0.4;               // standard deviation of the logarithm of a damage's factor
  std::uint64_t seed = 1;
};

// By ascending share; fewer where the groups cannot save as much.  Fails as WidthCosts::make().
Result<std::vector<PoolPlan>> draw_pool(const ElasticBody& body, const Ranking& ranking,
                                        const PoolOptions& options);

// Without noise: one for each of these savings that can be reached.
Result<std::vector<PoolPlan>> expected_plans(const ElasticBody& body, const Ranking& ranking,
                                             const std::vector<double>& savings);

// The share of the MACs that these widths save.
Result<double> share_saved(const ElasticBody& body, const UnitOrders& orders,
                           const std::map<std::string, int>& widths);

}  // namespace pare::engine
