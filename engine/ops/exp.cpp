// Exp: each element on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_exp() {
  return {.onnx_type = "Exp", .flow = pass_through, .macs = no_macs};
}

}  // namespace pare::engine
