// Brings an old model to a newer opset, because per-channel scales and other things need one.
//
// Each operator whose form or meaning changed on the way is rewritten by a rule of its own
// (opset_rules.h); libonnx's version converter is not used, because it changes what Resize,
// Hardmax and others compute, and the names of nodes.  Node and tensor names are those of the graph
// that went in; nodes and constants that a rule adds get fresh ones.  A graph at `target` or above
// is returned unchanged: nothing is ever lowered.
//
// Fails with kUnsupported, naming the operator, if there is no way there: from opset 7 on to 13.
// Cost: linear in the nodes.  Pure functions, any thread.
#pragma once

#include "core/result.h"
#include "engine/graph/graph.h"

namespace pare::engine {

// REQUIRES: `observed` is that of `graph`, or empty: then shapes are computed where they are
// needed. The graph's numbers are float32.
Result<Graph> upgrade_opset(const Graph& graph, const Observation& observed, int target);

}  // namespace pare::engine
