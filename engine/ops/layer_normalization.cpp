// LayerNormalization over other dimensions than the channels': each channel on its own.
#include <algorithm>

#include "engine/graph/flow_rules.h"

namespace pare::engine {
namespace {

Result<NodeFlow> flow(const NodeView& node, std::span<const Layout> inputs, ChannelFlow& flow) {
  if (const auto alone = only_first_flows(node, inputs); !alone) return alone.error();
  const std::size_t rank = node.input_shapes[0].size();
  const Result<int> first = axis_of(int_attribute(node.node, "axis", -1), rank);
  if (!first) return first.error();
  std::vector<int> together;
  for (int axis = first.value(); axis < static_cast<int>(rank); ++axis) together.push_back(axis);
  const Result<Layout> left =
      united_within(inputs[0], node.input_shapes[0], together,
                    "it divides each channel by the spread of all of them", flow);
  if (!left) return left.error();
  NodeFlow result;
  result.outputs.assign(node.output_shapes.size(), left.value());
  return result;
}

}  // namespace

OpDef op_layer_normalization() {
  return {.onnx_type = "LayerNormalization", .flow = flow, .macs = no_macs};
}

}  // namespace pare::engine
