// Brings an old model to a newer opset, because per-channel scales and other things need one.
//
// libonnx's version converter does the work; it knows steps up to opset 17 and needs every tensor's
// shape, which the observation gives it.  Node and tensor names are those of the graph that went
// in; nodes and constants that a step adds get fresh ones.  A graph at `target` or above is
// returned unchanged: nothing is ever lowered.
//
// Fails with kUnsupported, naming the operator where libonnx does, if there is no way there.
// Cost: the whole model goes through the converter once, 0.1 s for a detector of 7 MB.
#pragma once

#include "core/result.h"
#include "engine/graph/graph.h"

namespace pare::engine {

Result<Graph> upgrade_opset(const Graph& graph, const Observation& observed, int target);

}  // namespace pare::engine
