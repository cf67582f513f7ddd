// Every operator of this folder, sorted by ONNX type.  The build writes the table.
//
// Only engine/pipeline and tests call this.  Passes and pruning are handed the table,
// so that they depend on engine/graph alone and can be tested with a table of two operators.
#pragma once

#include <span>

#include "engine/graph/op_def.h"

namespace pare::engine {

std::span<const OpDef> all_ops();

}  // namespace pare::engine
