// Log: each element on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_log() {
  return {.onnx_type = "Log", .flow = pass_through, .macs = no_macs};
}

}  // namespace pare::engine
