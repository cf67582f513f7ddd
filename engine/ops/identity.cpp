// Identity: each element on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_identity() {
  return {.onnx_type = "Identity", .flow = pass_through, .macs = no_macs, .moves_only = true};
}

}  // namespace pare::engine
