// ReduceL1: the sum of absolute values over other dimensions than the channels'; each channel on
// its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_reduce_l1() {
  return {.onnx_type = "ReduceL1", .flow = reduction, .macs = no_macs};
}

}  // namespace pare::engine
