// Which sub-networks are trained: allocations beside the expected front that still differ, of
// widths and, where their damages are known, of blocks and kernels.
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
#include "engine/prune/allocation.h"
#include "engine/prune/importance.h"
#include "engine/prune/without_parts.h"
#include "engine/train/elastic/elastic_body.h"

namespace pare::engine {

struct PoolPlan {
  std::map<std::string, int> widths;
  double share = 0;  // of the MACs that it saves
  std::optional<QuantizationPlan> quantization = {};
  PartsToGo parts = {};
};

struct PoolOptions {
  int plans = 32;
  double least = 0.04, most = 0.5;  // shares of the MACs that are saved
  double noise = 0.4;               // standard deviation of the logarithm of a damage's factor
  std::uint64_t seed = 1;
};

// What plans are drawn from: what each choice costs and harms.
struct PoolSpace {
  const Groups& groups;
  const Ranking& ranking;
  WidthCosts costs;  // with these parts
  PartChoices parts = {};
};
// Of widths alone.  Fails as WidthCosts::make().
Result<PoolSpace> space_of_widths(const ElasticBody& body, const Ranking& ranking);

// By ascending share; fewer where so much cannot be saved.
std::vector<PoolPlan> draw_pool(const PoolSpace& space, const PoolOptions& options);

// Without noise: one for each of these savings that can be reached.
std::vector<PoolPlan> expected_plans(const PoolSpace& space, const std::vector<double>& savings);

// The share of the MACs that these widths save.
Result<double> share_saved(const ElasticBody& body, const UnitOrders& orders,
                           const std::map<std::string, int>& widths);

}  // namespace pare::engine
