// Repairs the consumers of removed channels in closed form, each on its own, without images.
//
// For a consumer with weights W (bias as the last column), Gram G and the columns S that stay:
//   W_S <- (W G_:S + lambda W_S) (G_SS + lambda I)^-1,
// the least-squares fit of the original's outputs with a ridge towards the original weights;
// lambda is 1e-3 of the mean of G's diagonal, and 0 for the bias.  At full width nothing changes;
// the error on the calibration positions is never larger than without.
//
// Independent: inputs are the original network's.  Depthwise consumers need nothing.
// Cost: |S|^3 / 3 a consumer that loses columns (yolov5n: 1 to 2 s for all).  Pure, any thread.
// Source: He et al., Channel Pruning (ICCV 2017), on the Gram; the ridge is from our own trials.
#pragma once

#include "core/plan.h"
#include "core/result.h"
#include "engine/prune/prune.h"
#include "engine/prune/statistics.h"

namespace pare::engine {

struct ReconstructOptions {
  double ridge = 1e-3;
};

// The graph at full width, with new weights and biases in the consumers (zero where a channel
// goes): prune() takes the channels out.  Fails with kInvalidArgument, naming the consumer, if its
// Gram is missing or of another size.
Result<Graph> reconstruct(const Graph& graph, const Groups& groups, const RemovedUnits& removed,
                          const Statistics& statistics, const ReconstructOptions& options = {});

}  // namespace pare::engine
