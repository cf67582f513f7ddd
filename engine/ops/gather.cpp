// Gather with constant indices: along the channels, the ones named; a scalar index drops the
// dimension.
#include <algorithm>

#include "engine/graph/flow_rules.h"

namespace pare::engine {
namespace {

Result<int> gather_axis(const NodeView& node) {
  return axis_of(int_attribute(node.node, "axis", 0), node.input_shapes[0].size());
}

Result<std::vector<std::int64_t>> positions(const NodeView& node, int axis) {
  Result<std::vector<std::int64_t>> read = constant_integers(node, 1);
  if (!read) return read.error();
  if (node.input_shapes[1].size() > 1) {
    return Error{ErrorCode::kUnsupported, "its indices are a matrix"};
  }
  const std::int64_t extent = node.input_shapes[0][static_cast<std::size_t>(axis)];
  std::vector<std::int64_t> indices = std::move(read).value();
  for (std::int64_t& index : indices) index += index < 0 ? extent : 0;
  if (std::ranges::any_of(indices, [&](std::int64_t i) { return i < 0 || i >= extent; })) {
    return Error{ErrorCode::kInvalidArgument, "it has an index out of range"};
  }
  return indices;
}

Result<NodeFlow> flow(const NodeView& node, std::span<const Layout> inputs, ChannelFlow&) {
  if (const auto alone = only_first_flows(node, inputs); !alone) return alone.error();
  if (is_fixed(inputs[0])) return NodeFlow{{Layout{}}, {}};
  const Result<int> axis = gather_axis(node);
  if (!axis) return axis.error();
  const Result<std::vector<std::int64_t>> indices = positions(node, axis.value());
  if (!indices) return indices.error();
  Layout layout = take(inputs[0], node.input_shapes[0], axis.value(), indices.value());
  if (node.input_shapes[1].empty()) {
    std::erase(layout.axes, axis.value());
    for (int& own : layout.axes) own -= own > axis.value() ? 1 : 0;
  }
  return NodeFlow{{std::move(layout)}, {}};
}

// Indices are counted among the channels kept.
Result<NodeEdit> edit(const NodeView& node, std::span<const KeptAxes> inputs,
                      std::span<const KeptAxes> outputs) {
  const Result<int> axis = gather_axis(node);
  if (!axis) return axis.error();
  const auto kept = inputs[0].find(axis.value());
  if (kept == inputs[0].end()) return NodeEdit{};
  const Result<std::vector<std::int64_t>> indices = positions(node, axis.value());
  if (!indices) return indices.error();
  const auto place = [&](std::int64_t index) {
    return static_cast<std::int64_t>(std::ranges::lower_bound(kept->second, index) -
                                     kept->second.begin());
  };
  NodeEdit result;
  if (node.input_shapes[1].empty()) {
    const std::int64_t index = place(indices.value()[0]);
    result.constants.emplace(1, Tensor::of<std::int64_t>({}, std::span(&index, 1)));
    return result;
  }
  std::vector<std::int64_t> left;
  const auto taken = outputs[0].find(axis.value());
  for (std::size_t i = 0; i < indices.value().size(); ++i) {
    if (taken != outputs[0].end() &&
        !std::ranges::binary_search(taken->second, static_cast<std::int64_t>(i))) {
      continue;
    }
    left.push_back(place(indices.value()[i]));
  }
  result.constants.emplace(1, int64_tensor(left));
  return result;
}

}  // namespace

OpDef op_gather() {
  return {.onnx_type = "Gather", .flow = flow, .macs = no_macs, .edit = edit, .moves_only = true};
}

}  // namespace pare::engine
