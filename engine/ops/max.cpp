// Max: channel c of the result needs channel c of every operand, so they go together.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_max() {
  return {.onnx_type = "Max", .flow = elementwise, .macs = no_macs};
}

}  // namespace pare::engine
