// Sigmoid: each element on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_sigmoid() {
  return {.onnx_type = "Sigmoid", .flow = pass_through, .macs = no_macs};
}

}  // namespace pare::engine
