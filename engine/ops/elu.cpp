// Elu: each element on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_elu() {
  return {.onnx_type = "Elu", .flow = pass_through, .macs = no_macs};
}

}  // namespace pare::engine
