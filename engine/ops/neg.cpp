// Neg: each element on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_neg() {
  return {.onnx_type = "Neg", .flow = pass_through, .macs = no_macs};
}

}  // namespace pare::engine
