// How a consumer of channels looks at its input, and at which positions it is sampled.  Inside
// engine/prune only.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "core/result.h"
#include "engine/graph/conv_window.h"
#include "engine/graph/op_def.h"

namespace pare::engine {

// A Gemm of one row looks through a window of one position.  Fails with kUnsupported, naming the
// node, if it is neither that nor a two-dimensional convolution.
Result<ConvWindow> window_of_consumer(const Node& node, const NodeFacts& facts);

// Positions spread evenly, one at random out of every stretch.
std::vector<std::int64_t> sample_positions(std::int64_t available, int wanted,
                                           std::mt19937_64& random);

}  // namespace pare::engine
