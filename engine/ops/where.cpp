// Where: element c of the result needs element c of the condition and of both choices.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_where() {
  return {.onnx_type = "Where", .flow = elementwise, .macs = no_macs};
}

}  // namespace pare::engine
