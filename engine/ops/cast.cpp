// Cast: each element on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_cast() {
  return {.onnx_type = "Cast", .flow = pass_through, .macs = no_macs};
}

}  // namespace pare::engine
