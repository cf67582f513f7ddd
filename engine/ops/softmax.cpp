// Softmax over other dimensions than the channels': each channel on its own.
#include "engine/graph/flow_rules.h"

namespace pare::engine {
namespace {

constexpr int kPerAxis = 13;  // the opset; before it, the axis and all that follow were one

Result<NodeFlow> flow(const NodeView& node, std::span<const Layout> inputs, ChannelFlow& flow) {
  if (is_fixed(inputs[0])) return NodeFlow{{Layout{}}, {}};
  const bool per_axis = node.opset >= kPerAxis;
  const int rank = static_cast<int>(node.input_shapes[0].size());
  const Result<int> first =
      axis_of(int_attribute(node.node, "axis", per_axis ? -1 : 1), node.input_shapes[0].size());
  if (!first) return first.error();
  std::vector<int> together{first.value()};
  for (int axis = first.value() + 1; !per_axis && axis < rank; ++axis) together.push_back(axis);
  Result<Layout> left = united_within(inputs[0], node.input_shapes[0], together,
                                      "it divides each channel by the sum over all of them", flow);
  if (!left) return left.error();
  return NodeFlow{{std::move(left).value()}, {}};
}

}  // namespace

OpDef op_softmax() {
  return {.onnx_type = "Softmax", .flow = flow, .macs = no_macs};
}

}  // namespace pare::engine
