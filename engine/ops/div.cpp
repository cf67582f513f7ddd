// Div: channel c of the result needs channel c of every operand, so they go together.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_div() {
  return {.onnx_type = "Div", .flow = elementwise, .macs = no_macs};
}

}  // namespace pare::engine
