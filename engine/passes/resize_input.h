// Changes the resolution of a fully convolutional graph: a body whose head was cut off.
//
// The input gets the new size.  What hard-codes a size follows: the `sizes` of a Resize or Upsample
// whose input is a feature map scales with the feature map; `scales` stay.  A Reshape that names a
// spatial size, or any other constant shape that would no longer fit, is an Error that names the
// node.
//
// Source: none; ONNX operator specifications of Resize, Upsample, Reshape, Expand.
#pragma once

#include "core/result.h"
#include "engine/graph/graph.h"

namespace pare::engine {

// `observed` is that of `graph` at its present size; the result must be observed anew.
// Fails with kUnsupported where a node cannot follow, with kInvalidArgument for sizes that are not
// positive or not 4-dimensional.
Result<Graph> resize_input(const Graph& graph, const Observation& observed, int height, int width);

}  // namespace pare::engine
