// HardSigmoid: each element on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_hard_sigmoid() {
  return {.onnx_type = "HardSigmoid", .flow = pass_through, .macs = no_macs};
}

}  // namespace pare::engine
