// PRelu: the slopes are an operand; slopes per channel go with their channels.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_prelu() {
  return {.onnx_type = "PRelu", .flow = elementwise, .macs = no_macs};
}

}  // namespace pare::engine
