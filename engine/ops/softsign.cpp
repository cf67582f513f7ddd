// Softsign: each element on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {

OpDef op_softsign() {
  return {.onnx_type = "Softsign", .flow = pass_through, .macs = no_macs};
}

}  // namespace pare::engine
