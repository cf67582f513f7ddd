// ReduceMin: the smallest value over other dimensions than the channels'; each channel on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_reduce_min() {
  return {.onnx_type = "ReduceMin", .flow = reduction, .macs = no_macs};
}

}  // namespace pare::engine
