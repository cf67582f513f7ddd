// Changes the resolution of a fully convolutional graph: a body whose head was cut off.
//
// The input gets the new size, and the graph is followed axis by axis.  A constant `sizes` of a
// Resize or shape of a Reshape scales where it names rows, columns or their product; `scales`, 0
// and -1 stay. What cannot follow is an Error that names the node: a constant map added to one that
// grows, a fixed part of a map, a dense layer, a Reshape after which it is not known which axis
// grows.
//
// Source: none; the ONNX specifications of the operators.
#pragma once

#include "core/result.h"
#include "engine/graph/graph.h"

namespace pare::engine {

// `observed` is that of `graph` at its present size; the result must be observed anew.
// Fails with kUnsupported where a node cannot follow, with kInvalidArgument for sizes that are not
// positive or not 4-dimensional.
Result<Graph> resize_input(const Graph& graph, const Observation& observed, int height, int width);

}  // namespace pare::engine
