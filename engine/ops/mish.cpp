// Mish: each element on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_mish() {
  return {.onnx_type = "Mish", .flow = pass_through, .macs = no_macs};
}

}  // namespace pare::engine
