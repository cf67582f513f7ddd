// A network's image given with its dimensions in another order.
#pragma once

#include "core/result.h"
#include "engine/graph/graph.h"

namespace pare::engine {

// The first input becomes (1, 3, height, width) where it was (1, height, width, 3), or the other
// way round; readers get it turned back by a Transpose, and one that they had themselves, which did
// the same, goes.  Fails with kUnsupported if a subgraph reads the input. REQUIRES: an input of
// four dimensions.  Linear.  Pure functions, any thread.
Result<Graph> take_channels_first(Graph graph);
Result<Graph> take_channels_last(Graph graph);

}  // namespace pare::engine
