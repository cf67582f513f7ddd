// Gelu: each element on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_gelu() {
  return {.onnx_type = "Gelu", .flow = pass_through, .macs = no_macs};
}

}  // namespace pare::engine
