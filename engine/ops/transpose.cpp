// Transpose: the same elements with their dimensions in another order.
#include <algorithm>

#include "engine/graph/flow_rules.h"

namespace pare::engine {
namespace {

Result<NodeFlow> flow(const NodeView& node, std::span<const Layout> inputs, ChannelFlow&) {
  const std::size_t rank = node.input_shapes[0].size();
  std::vector<std::int64_t> reversed;
  for (std::size_t d = rank; d-- > 0;) reversed.push_back(static_cast<std::int64_t>(d));
  const std::vector<std::int64_t> given = ints_attribute(node.node, "perm", reversed);
  std::vector<std::int64_t> sorted = given;
  std::ranges::sort(sorted);
  std::ranges::reverse(reversed);
  if (sorted != reversed) {
    return Error{ErrorCode::kInvalidArgument, "perm is no permutation of its dimensions"};
  }
  const std::vector<int> perm(given.begin(), given.end());
  return NodeFlow{{transpose(inputs[0], node.input_shapes[0], perm)}, {}};
}

}  // namespace

OpDef op_transpose() {
  return {.onnx_type = "Transpose", .flow = flow, .macs = no_macs, .moves_only = true};
}

}  // namespace pare::engine
