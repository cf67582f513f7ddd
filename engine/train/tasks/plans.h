// Which sub-networks a run trains, and which it is judged by.
#pragma once

#include <string>
#include <vector>

#include "core/guidance.h"
#include "core/result.h"
#include "engine/graph/tensor_file.h"
#include "engine/pipeline/detector.h"
#include "engine/train/elastic/plan_pool.h"

namespace pare::engine {

// Shares of the multiply-accumulates at which a change of its own is trained, unless asked
// otherwise.
inline const std::vector<double> kKnots = {0.1, 0.25, 0.5};

struct Plans {
  UnitOrders orders;
  std::vector<PoolPlan> pool, judged;
};

// What else than widths the plans of a pool may choose: as `prepare` measured it.
PartChoices parts_in(const Guidance& guidance);

// What a run that is gone on from must have in common with this one; nothing where there are none.
std::string told_apart(const PartChoices& parts);

// A pool is trained, and what is expected at each knot is judged.
// Fails as load_ranking() and WidthCosts::make(); with kUnsupported where no sub-network lacks as
// much as the first knot.
Result<Plans> draw_plans(const PoolOptions& options, const std::vector<double>& knots,
                         const Detector& detector, const ElasticBody& body,
                         const TensorFile& statistics, const PartChoices& parts = {});

}  // namespace pare::engine
