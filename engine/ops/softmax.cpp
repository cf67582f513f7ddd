// Softmax over other dimensions than the channels': each channel on its own.
#include <algorithm>

#include "engine/graph/flow_rules.h"

namespace pare::engine {
namespace {

constexpr int kPerAxis = 13;  // the opset; before it, the axis and all that follow were one

Result<NodeFlow> flow(const NodeView& node, std::span<const Layout> inputs, ChannelFlow&) {
  if (is_fixed(inputs[0])) return NodeFlow{{Layout{}}, {}};
  const bool per_axis = node.opset >= kPerAxis;
  const Result<int> axis =
      axis_of(int_attribute(node.node, "axis", per_axis ? -1 : 1), node.input_shapes[0].size());
  if (!axis) return axis.error();
  const bool shared = std::ranges::any_of(inputs[0].axes, [&](int own) {
    return per_axis ? own == axis.value() : own >= axis.value();
  });
  if (shared) {
    return Error{ErrorCode::kUnsupported, "it divides each channel by the sum over all of them"};
  }
  return NodeFlow{{inputs[0]}, {}};
}

}  // namespace

OpDef op_softmax() {
  return {.onnx_type = "Softmax", .flow = flow, .macs = no_macs};
}

}  // namespace pare::engine
