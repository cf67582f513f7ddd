// Pad: each channel on its own, unless channels are added.
#include "engine/graph/flow_rules.h"

namespace pare::engine {
namespace {

Result<NodeFlow> flow(const NodeView& node, std::span<const Layout> inputs, ChannelFlow& flow) {
  if (is_fixed(inputs[0])) return NodeFlow{{Layout{}}, {}};
  if (node.has_input(3)) {
    return Error{ErrorCode::kUnsupported, "it pads some dimensions only"};
  }
  std::vector<std::int64_t> pads = ints_attribute(node.node, "pads", {});
  if (node.has_input(1)) {
    Result<std::vector<std::int64_t>> given = constant_integers(node, 1);
    if (!given) return given.error();
    pads = std::move(given).value();
  }
  const std::size_t rank = node.input_shapes[0].size();
  if (pads.size() != 2 * rank) {
    return Error{ErrorCode::kInvalidArgument, "its pads do not fit its input"};
  }
  for (const int axis : inputs[0].axes) {
    const auto d = static_cast<std::size_t>(axis);
    if (pads[d] != 0 || pads[d + rank] != 0) {
      return Error{ErrorCode::kUnsupported, "it adds channels"};
    }
  }
  return pass_through(node, inputs, flow);
}

}  // namespace

OpDef op_pad() {
  return {.onnx_type = "Pad", .flow = flow, .macs = no_macs};
}

}  // namespace pare::engine
