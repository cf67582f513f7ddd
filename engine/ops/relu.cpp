// Relu: each element on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_relu() {
  return {.onnx_type = "Relu", .flow = pass_through, .macs = no_macs};
}

}  // namespace pare::engine
