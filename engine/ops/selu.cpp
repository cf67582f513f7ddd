// Selu: each element on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_selu() {
  return {.onnx_type = "Selu", .flow = pass_through, .macs = no_macs};
}

}  // namespace pare::engine
