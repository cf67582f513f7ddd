// Squeeze: the same elements without some dimensions of 1.
#include "engine/graph/flow_rules.h"

namespace pare::engine {
namespace {

Result<NodeFlow> flow(const NodeView& node, std::span<const Layout> inputs, ChannelFlow& flow) {
  // Without axes it would also drop the channels where one is left.
  if (!node.node.attributes.contains("axes") && !node.has_input(1) && !is_fixed(inputs[0])) {
    return Error{ErrorCode::kUnsupported, "it names no dimensions"};
  }
  return same_elements(node, inputs, flow);
}

}  // namespace

OpDef op_squeeze() {
  return {.onnx_type = "Squeeze", .flow = flow, .macs = no_macs, .moves_only = true};
}

}  // namespace pare::engine
