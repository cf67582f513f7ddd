// Detector-like networks from a seed: every way in which channels can flow, in random order.
#pragma once

#include "engine/graph/graph.h"

namespace pare::engine::test {

// Residual adds, concats, splits, slices, shuffles, depthwise and per-channel constants, pooling
// and resizing; ends in one convolution for each tensor that nothing else reads.
Graph random_network(unsigned seed);

}  // namespace pare::engine::test
