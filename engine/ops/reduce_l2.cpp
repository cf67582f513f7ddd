// ReduceL2: the root of the sum of squares over other dimensions than the channels'; each channel
// on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_reduce_l2() {
  return {.onnx_type = "ReduceL2", .flow = reduction, .macs = no_macs};
}

}  // namespace pare::engine
