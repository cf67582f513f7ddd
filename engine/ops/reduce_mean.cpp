// ReduceMean over other dimensions than the channels': each channel on its own.
#include <algorithm>
#include <string>

#include "engine/graph/flow_rules.h"

namespace pare::engine {
namespace {

// The dimensions named, ascending; all of them where none is.
Result<std::vector<int>> reduced(const NodeView& node) {
  std::vector<std::int64_t> named = ints_attribute(node.node, "axes", {});
  if (node.has_input(1)) {
    Result<std::vector<std::int64_t>> given = constant_integers(node, 1);
    if (!given) return given.error();
    named = std::move(given).value();
  }
  const std::size_t rank = node.input_shapes[0].size();
  std::vector<int> axes;
  for (const std::int64_t one : named) {
    const Result<int> axis = axis_of(one, rank);
    if (!axis) return axis.error();
    axes.push_back(axis.value());
  }
  for (std::size_t d = 0; named.empty() && d < rank; ++d) axes.push_back(static_cast<int>(d));
  std::ranges::sort(axes);
  return axes;
}

Result<NodeFlow> flow(const NodeView& node, std::span<const Layout> inputs, ChannelFlow&) {
  if (is_fixed(inputs[0])) return NodeFlow{{Layout{}}, {}};
  const Result<std::vector<int>> axes = reduced(node);
  if (!axes) return axes.error();
  Layout layout = inputs[0];
  for (int& own : layout.axes) {
    if (std::ranges::binary_search(axes.value(), own)) {
      return Error{ErrorCode::kUnsupported,
                   "it adds up the channels of dimension " + std::to_string(own)};
    }
    if (int_attribute(node.node, "keepdims", 1) == 0) {
      own -= static_cast<int>(
          std::ranges::count_if(axes.value(), [&](int axis) { return axis < own; }));
    }
  }
  return NodeFlow{{std::move(layout)}, {}};
}

}  // namespace

OpDef op_reduce_mean() {
  return {.onnx_type = "ReduceMean", .flow = flow, .macs = no_macs};
}

}  // namespace pare::engine
