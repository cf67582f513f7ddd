// Reciprocal: each element on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_reciprocal() {
  return {.onnx_type = "Reciprocal", .flow = pass_through, .macs = no_macs};
}

}  // namespace pare::engine
