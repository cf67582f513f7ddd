// Abs: each element on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_abs() {
  return {.onnx_type = "Abs", .flow = pass_through, .macs = no_macs};
}

}  // namespace pare::engine
