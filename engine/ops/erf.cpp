// Erf: each element on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_erf() {
  return {.onnx_type = "Erf", .flow = pass_through, .macs = no_macs};
}

}  // namespace pare::engine
