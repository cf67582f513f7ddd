// Round: each element on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_round() {
  return {.onnx_type = "Round", .flow = pass_through, .macs = no_macs};
}

}  // namespace pare::engine
