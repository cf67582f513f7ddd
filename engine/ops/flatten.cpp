// Flatten: the same elements as a matrix.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_flatten() {
  return {.onnx_type = "Flatten", .flow = same_elements, .macs = no_macs, .moves_only = true};
}

}  // namespace pare::engine
