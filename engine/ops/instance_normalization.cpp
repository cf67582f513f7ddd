// InstanceNormalization: each slice of dimension 1 on its own, with a scale and a shift beside it.
// Where Reshape has put several channels into one slice (GroupNorm), they go together.
#include "engine/graph/flow_rules.h"

namespace pare::engine {
namespace {

Result<NodeFlow> flow(const NodeView& node, std::span<const Layout> inputs, ChannelFlow& flow) {
  if (const auto alone = only_first_flows(node, inputs); !alone) return alone.error();
  const Shape& shape = node.input_shapes[0];
  std::vector<int> together;
  for (int axis = 2; axis < static_cast<int>(shape.size()); ++axis) together.push_back(axis);
  const Result<Layout> layout =
      united_within(inputs[0], shape, together, "it divides channels by the spread of all", flow);
  if (!layout) return layout.error();
  const Result<std::vector<Symbol>> channels = symbols_along(layout.value(), shape, 1);
  if (!channels) return channels.error();
  NodeFlow result{{layout.value()}, {}};
  for (const int input : {1, 2}) {
    if (node.constant(static_cast<std::size_t>(input)) == nullptr) {
      return Error{ErrorCode::kUnsupported, "its parameters are no constants"};
    }
    result.cuts.push_back({input, 0, CutRole::kCarries, channels.value()});
  }
  return result;
}

}  // namespace

OpDef op_instance_normalization() {
  return {.onnx_type = "InstanceNormalization", .flow = flow, .macs = no_macs};
}

}  // namespace pare::engine
