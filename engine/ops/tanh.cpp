// Tanh: each element on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_tanh() {
  return {.onnx_type = "Tanh", .flow = pass_through, .macs = no_macs};
}

}  // namespace pare::engine
