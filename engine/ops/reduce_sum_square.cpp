// ReduceSumSquare: the sum of squares over other dimensions than the channels'; each channel on its
// own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_reduce_sum_square() {
  return {.onnx_type = "ReduceSumSquare", .flow = reduction, .macs = no_macs};
}

}  // namespace pare::engine
