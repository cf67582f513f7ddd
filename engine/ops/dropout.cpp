// Dropout: each element on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_dropout() {
  return {.onnx_type = "Dropout", .flow = pass_through, .macs = no_macs};
}

}  // namespace pare::engine
