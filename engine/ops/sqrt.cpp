// Sqrt: each element on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_sqrt() {
  return {.onnx_type = "Sqrt", .flow = pass_through, .macs = no_macs};
}

}  // namespace pare::engine
