// Checks a node against the ONNX operator's definition, so that the rest of the engine may read
// attributes and inputs without asking again.
//
// Private to engine/onnx.  Source: libonnx's operator schemas (to opset 17; of a later opset the
// attributes are checked against opset 17's, the number of inputs not at all).
#pragma once

#include "core/result.h"
#include "engine/graph/graph.h"

namespace pare::engine {

// Fails with kInvalidArgument if an attribute is of another kind than the operator has, or the
// number of inputs or outputs is impossible.  An operator that libonnx does not know is left alone.
Result<std::monostate> check_operator(const Node& node, int opset);

}  // namespace pare::engine
