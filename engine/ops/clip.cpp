// Clip: each element on its own; the limits are scalars.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_clip() {
  return {.onnx_type = "Clip", .flow = pass_through, .macs = no_macs};
}

}  // namespace pare::engine
