// Celu: each element on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_celu() {
  return {.onnx_type = "Celu", .flow = pass_through, .macs = no_macs};
}

}  // namespace pare::engine
