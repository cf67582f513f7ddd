// Statistics of small networks over seeded images.
#pragma once

#include "engine/prune/statistics.h"
#include "tests/engine/prune/pruning_check.h"

namespace pare::engine::test {

// Image number `seed` for a graph, in [0, 1).
Tensor calibration_image(const Graph& graph, unsigned seed);

Statistics statistics_of(const Analysed& model, unsigned images);

}  // namespace pare::engine::test
