// Sign: each element on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_sign() {
  return {.onnx_type = "Sign", .flow = pass_through, .macs = no_macs};
}

}  // namespace pare::engine
