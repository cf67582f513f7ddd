// Softplus: each element on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_softplus() {
  return {.onnx_type = "Softplus", .flow = pass_through, .macs = no_macs};
}

}  // namespace pare::engine
