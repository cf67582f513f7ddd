// Which sub-networks a run trains, and which it is judged by.
#pragma once

#include <vector>

#include "core/result.h"
#include "engine/graph/tensor_file.h"
#include "engine/train/elastic/plan_pool.h"

namespace pare::engine {

// Shares of the multiply-accumulates at which a change of its own is trained, unless asked
// otherwise.
inline const std::vector<double> kKnots = {0.1, 0.25, 0.5};

struct Plans {
  UnitOrders orders;
  std::vector<PoolPlan> pool, judged;
};

// A pool is trained, and what is expected at each knot is judged.  Fails as load_ranking() and
// draw_pool(); with kUnsupported where no sub-network lacks as much as the first knot.
Result<Plans> draw_plans(const PoolOptions& options, const std::vector<double>& knots,
                         const ElasticBody& body, const TensorFile& statistics);

}  // namespace pare::engine
