// SpaceToDepth: every place of a block makes a channel of its own out of each channel.
#include <string>

#include "engine/graph/flow_rules.h"

namespace pare::engine {
namespace {

Result<NodeFlow> flow(const NodeView& node, std::span<const Layout> inputs, ChannelFlow& flow) {
  const Result<std::vector<Symbol>> read = channels_along(inputs[0], node.input_shapes[0], 1, flow);
  if (!read) return read.error();
  const std::int64_t block = int_attribute(node.node, "blocksize", 0);
  std::vector<Symbol> made;
  for (std::int64_t place = 0; place < block * block; ++place) {
    made.insert(made.end(), read.value().begin(), read.value().end());
  }
  return NodeFlow{{Layout{{1}, std::move(made)}}, {}};
}

}  // namespace

OpDef op_space_to_depth() {
  return {.onnx_type = "SpaceToDepth", .flow = flow, .macs = no_macs};
}

}  // namespace pare::engine
