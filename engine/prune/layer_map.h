// What leaving out blocks and kernel taps makes of a layer's weights, as a matrix: W' = W M,
// weights with the bias as their last column.  So what is added to the weights before the choice
// goes through it as they do.
//
// Cost: as the fits of weights (skip_fit.h, kernel_taps.h), for as many rows as there are inputs.
// Pure functions, any thread.
#pragma once

#include <Eigen/Core>
#include <map>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/graph/graph.h"
#include "engine/prune/kernel_taps.h"
#include "engine/prune/skip_blocks.h"
#include "engine/prune/statistics.h"

namespace pare::engine {

// One M for all rows of the weights, or one for each.
using LayerMap = std::vector<Eigen::MatrixXd>;
// By the layer's name; a layer that is absent keeps its weights.
using LayerMaps = std::map<std::string, LayerMap>;

// Of each reader that stays where skip_blocks() leaves these out.  Fails alike.
Result<LayerMaps> skip_maps(const Graph& graph, const Observation& observed,
                            const Statistics& statistics, const std::vector<SkipStage>& stages,
                            const SkipLevels& levels, const ReconstructOptions& options = {});

// Of each layer whose kernel shrink_kernels() makes smaller; of a depthwise one for each row.
// Fails alike.
Result<LayerMaps> kernel_maps(const Graph& graph, const Statistics& statistics,
                              const std::vector<ElasticKernel>& kernels, const KernelSizes& sizes,
                              const ReconstructOptions& options = {});

}  // namespace pare::engine
