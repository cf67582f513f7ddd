// ReduceMean: the mean over other dimensions than the channels'; each channel on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_reduce_mean() {
  return {.onnx_type = "ReduceMean", .flow = reduction, .macs = no_macs};
}

}  // namespace pare::engine
