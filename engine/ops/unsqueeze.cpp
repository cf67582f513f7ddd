// Unsqueeze: the same elements with dimensions of 1 between.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_unsqueeze() {
  return {.onnx_type = "Unsqueeze", .flow = same_elements, .macs = no_macs, .moves_only = true};
}

}  // namespace pare::engine
