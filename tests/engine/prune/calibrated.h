// Statistics of small networks over seeded images.
#pragma once

#include <vector>

#include "engine/prune/kernel_taps.h"
#include "engine/prune/skip_fit.h"
#include "engine/prune/statistics.h"
#include "tests/engine/prune/pruning_check.h"

namespace pare::engine::test {

// Image number `seed` for a graph, in [0, 1).
Tensor calibration_image(const Graph& graph, unsigned seed);

Statistics statistics_of(const Analysed& model, unsigned images);

// With what leaving out blocks and shrinking kernels asks for.
Statistics statistics_of(const Analysed& model, const std::vector<SkipStage>& stages,
                         const std::vector<ElasticKernel>& kernels, unsigned images);

}  // namespace pare::engine::test
