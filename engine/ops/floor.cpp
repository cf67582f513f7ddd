// Floor: each element on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_floor() {
  return {.onnx_type = "Floor", .flow = pass_through, .macs = no_macs};
}

}  // namespace pare::engine
