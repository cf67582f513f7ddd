// Files that are int8 already.  Pare lowers precision itself, from the float network: a network
// that was quantized has lost what it would start from, and its activations' ranges are another
// tool's.
#pragma once

#include "core/result.h"
#include "engine/graph/graph.h"

namespace pare::engine {

// Fails with kUnsupported if activations are quantized (QuantizeLinear, DynamicQuantizeLinear,
// QLinearConv, ConvInteger and their like), naming the operators.  Weights that are only stored as
// integers (DequantizeLinear of constants) are none: they are folded, exactly.  Linear.
Result<std::monostate> check_not_quantized(const Graph& graph);

}  // namespace pare::engine
