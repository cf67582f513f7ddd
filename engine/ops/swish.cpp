// Swish: each element on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_swish() {
  return {.onnx_type = "Swish", .flow = pass_through, .macs = no_macs};
}

}  // namespace pare::engine
