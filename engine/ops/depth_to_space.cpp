// DepthToSpace: the channels that become neighbours in one channel go together.
#include <string>

#include "engine/graph/flow_rules.h"

namespace pare::engine {
namespace {

Result<NodeFlow> flow(const NodeView& node, std::span<const Layout> inputs, ChannelFlow& flow) {
  const Result<std::vector<Symbol>> read = channels_along(inputs[0], node.input_shapes[0], 1, flow);
  if (!read) return read.error();
  const std::int64_t block = int_attribute(node.node, "blocksize", 0);
  const std::int64_t places = block * block, channels = std::ssize(read.value());
  if (block < 1 || channels % places != 0) {
    return Error{ErrorCode::kInvalidArgument,
                 std::to_string(channels) + " channels in blocks of " + std::to_string(block)};
  }
  const std::int64_t made = channels / places;
  const bool places_last = string_attribute(node.node, "mode", "DCR") == "CRD";
  std::vector<Symbol> symbols(static_cast<std::size_t>(made));
  for (std::int64_t c = 0; c < made; ++c) {
    for (std::int64_t p = 0; p < places; ++p) {
      const Symbol own =
          read.value()[static_cast<std::size_t>(places_last ? c * places + p : p * made + c)];
      if (p == 0) symbols[static_cast<std::size_t>(c)] = own;
      flow.unite(symbols[static_cast<std::size_t>(c)], own);
    }
  }
  return NodeFlow{{Layout{{1}, std::move(symbols)}}, {}};
}

}  // namespace

OpDef op_depth_to_space() {
  return {.onnx_type = "DepthToSpace", .flow = flow, .macs = no_macs};
}

}  // namespace pare::engine
