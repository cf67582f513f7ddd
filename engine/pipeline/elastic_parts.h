// What of a detector's depth and kernels may go, and the detector without it: what stands before
// the choice of channels, and all that comes after takes it as if the model had come so.
//
// Cost: finding, as offered_stages(); taking out, a factorisation for each reader of a block and a
// copy of the statistics.  Pure, any thread.
#pragma once

#include <vector>

#include "core/model_summary.h"
#include "core/plan.h"
#include "core/result.h"
#include "engine/graph/tensor_file.h"
#include "engine/pipeline/detector.h"
#include "engine/prune/allocation.h"
#include "engine/prune/importance.h"
#include "engine/prune/kernel_taps.h"
#include "engine/prune/skip_blocks.h"
#include "engine/prune/statistics.h"

namespace pare::engine {

struct ElasticParts {
  std::vector<SkipStage> stages;
  std::vector<ElasticKernel> kernels;
};

// Those that a search may take.  Fails as offered_stages().
Result<ElasticParts> elastic_parts(const Detector& detector);

// As the search sees them.
void summarize(const Detector& detector, const ElasticParts& parts, ModelSummary& summary);

// Tells the costs of widths what blocks and kernels change of them, in the order of the parts.
// Fails as find_groups() does.
Result<std::monostate> add_parts(const Detector& detector, const ElasticParts& parts,
                                 const UnitOrders& orders, WidthCosts& costs);

// The detector without what the plan leaves out, the statistics as `prepare` would have made them
// of it, and what is left to do of the plan: widths of groups that went are nobody's any more.
struct Reduced {
  Detector detector;
  TensorFile statistics;
  Plan plan;
};
// Fails with kInvalidArgument, naming it, for a block, layer, kernel or group that is not there, or
// that the statistics know nothing of.
Result<Reduced> reduce(const Detector& detector, const TensorFile& statistics, const Plan& plan);

}  // namespace pare::engine
