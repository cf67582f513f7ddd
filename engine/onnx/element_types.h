// The element type of each tensor of a graph, as libonnx infers it.
#pragma once

#include <map>
#include <string>

#include "engine/graph/graph.h"

namespace pare::engine {

// Tensors whose type it cannot tell (behind an operator that libonnx does not know) are left out.
// Cost: the graph is written and parsed once.  REQUIRES: verify(graph) holds.
std::map<std::string, DType> element_types(const Graph& graph);

}  // namespace pare::engine
