// BatchNormalization: each channel on its own, with a scale, shift, mean and variance beside it.
#include "engine/graph/flow_rules.h"

namespace pare::engine {
namespace {

Result<NodeFlow> flow(const NodeView& node, std::span<const Layout> inputs, ChannelFlow& flow) {
  if (const auto alone = only_first_flows(node, inputs); !alone) return alone.error();
  const Result<std::vector<Symbol>> channels =
      channels_along(inputs[0], node.input_shapes[0], 1, flow);
  if (!channels) return channels.error();
  NodeFlow result;
  result.outputs.assign(node.output_shapes.size(), Layout{});
  result.outputs[0] = inputs[0];
  for (int input = 1; input <= 4; ++input) {
    if (node.constant(static_cast<std::size_t>(input)) == nullptr) {
      return Error{ErrorCode::kUnsupported, "its parameters are no constants"};
    }
    result.cuts.push_back({input, 0, CutRole::kCarries, channels.value()});
  }
  return result;
}

}  // namespace

OpDef op_batch_normalization() {
  return {.onnx_type = "BatchNormalization", .flow = flow, .macs = no_macs};
}

}  // namespace pare::engine
