// A layer as training sees it: its coordinates, and what a plan makes of it.
//
//   weights of the sub-network = rows of ( (W + D V P) M )
//
// M is the repair of reconstruct.h as a matrix: reconstruct() leaves W M.  Where a layer has no
// Gram (depthwise, or its inputs never go), it loses no inputs and M is the identity.
//
// Cost: a factorisation a layer and plan.  Pure functions, any thread.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/result.h"
#include "engine/prune/layer_map.h"
#include "engine/prune/prune.h"
#include "engine/prune/reconstruct.h"
#include "engine/prune/statistics.h"
#include "engine/prune/whitening.h"

namespace pare::engine {

// A convolution whose weights are a float32 constant.
bool is_elastic_layer(const Graph& graph, const Node& node);

// D and P of a layer from its Gram; none where the statistics have no Gram of it.
// Fails with kInvalidArgument, naming the layer, if the Gram is of another size.
Result<std::optional<Whitening>> whitening_of(const Graph& graph, const Groups& groups,
                                              std::size_t n, const Statistics& statistics);

// REQUIRES: node `n` is an elastic layer.
struct LayerInPlan {
  std::vector<std::int64_t> rows;  // outputs that stay
  // M, a row for each input (the bias last), a column for each that stays; 0 x 0: the identity.
  Eigen::MatrixXd repair;
};
Result<LayerInPlan> layer_in_plan(const Graph& graph, const Groups& groups, std::size_t n,
                                  const RemovedUnits& removed, const Statistics& statistics,
                                  const ReconstructOptions& options = {});

// Nodes that compute something else than the original's in a network that lacks these units, and
// has these layers otherwise: layers that lose inputs, those that have a map, and all behind them.
std::vector<bool> affected_nodes(const Graph& graph, const Groups& groups,
                                 const RemovedUnits& removed, const LayerMaps& maps = {});

}  // namespace pare::engine
