// GridSample: each channel on its own, at places that all share: the channels that say them stay.
#include <string>

#include "engine/graph/flow_rules.h"

namespace pare::engine {
namespace {

Result<NodeFlow> flow(const NodeView& node, std::span<const Layout> inputs, ChannelFlow& flow) {
  const Result<std::vector<Symbol>> read = channels_along(inputs[0], node.input_shapes[0], 1, flow);
  if (!read) return read.error();
  const std::string reason = "GridSample " + node.node.name + " looks where they say";
  for (const Symbol s : inputs[1].symbols) flow.freeze(s, reason);
  return NodeFlow{{Layout{{1}, read.value()}}, {}};
}

}  // namespace

OpDef op_grid_sample() {
  return {.onnx_type = "GridSample", .flow = flow, .macs = no_macs};
}

}  // namespace pare::engine
