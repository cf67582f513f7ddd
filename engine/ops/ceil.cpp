// Ceil: each element on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_ceil() {
  return {.onnx_type = "Ceil", .flow = pass_through, .macs = no_macs};
}

}  // namespace pare::engine
