// Files that are int8 already.  Pare lowers precision itself, from a float network: such a file is
// turned back into one (engine/passes/dequantize.h), and it is said that the float model it was
// made from would be a better start.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "engine/graph/graph.h"

namespace pare::engine {

struct WithoutInt8 {
  Graph graph;
  bool was_int8 = false;
  std::vector<std::string> notes;
};

// Fails with kUnsupported, naming the node, where it cannot be turned back.  Linear.
Result<WithoutInt8> without_int8(Graph graph);

}  // namespace pare::engine
