// AveragePool: each channel on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_average_pool() {
  return {.onnx_type = "AveragePool", .flow = pass_through, .macs = no_macs};
}

}  // namespace pare::engine
