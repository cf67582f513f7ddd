// Cos: each element on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_cos() {
  return {.onnx_type = "Cos", .flow = pass_through, .macs = no_macs};
}

}  // namespace pare::engine
