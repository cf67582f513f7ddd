// Networks from a seed in which channels flow in every way that detectors have, in random order.
#pragma once

#include "engine/graph/graph.h"

namespace pare::engine::test {

// Convolutions (plain, in groups, depthwise with and without a multiplier, transposed), residual
// adds, gates, concats, splits, slices, shuffles, normalisations, attention, pooling, resizing,
// pixel shuffles, sampling; ends in a convolution or a fully connected layer for each tensor that
// nothing else reads.  Opset 17.
Graph random_flows(unsigned seed);

}  // namespace pare::engine::test
