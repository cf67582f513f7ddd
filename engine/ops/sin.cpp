// Sin: each element on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_sin() {
  return {.onnx_type = "Sin", .flow = pass_through, .macs = no_macs};
}

}  // namespace pare::engine
