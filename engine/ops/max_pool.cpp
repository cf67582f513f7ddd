// MaxPool: each channel on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_max_pool() {
  return {.onnx_type = "MaxPool", .flow = pass_through, .macs = no_macs};
}

}  // namespace pare::engine
