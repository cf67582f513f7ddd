// Split: along the channels, each output holds a run of them; along another dimension, all of them.
#include <algorithm>

#include "engine/graph/flow_rules.h"

namespace pare::engine {
namespace {

Result<int> split_axis(const NodeView& node) {
  return axis_of(int_attribute(node.node, "axis", 0), node.input_shapes[0].size());
}

std::vector<std::int64_t> sizes_along(const NodeView& node, int axis) {
  std::vector<std::int64_t> sizes;
  for (const Shape& shape : node.output_shapes) {
    sizes.push_back(shape[static_cast<std::size_t>(axis)]);
  }
  return sizes;
}

Result<NodeFlow> flow(const NodeView& node, std::span<const Layout> inputs, ChannelFlow&) {
  if (const auto alone = only_first_flows(node, inputs); !alone) return alone.error();
  const Result<int> axis = split_axis(node);
  if (!axis) return axis.error();
  NodeFlow result;
  std::int64_t first = 0;
  for (const std::int64_t size : sizes_along(node, axis.value())) {
    std::vector<std::int64_t> indices;
    for (std::int64_t i = 0; i < size; ++i) indices.push_back(first + i);
    result.outputs.push_back(take(inputs[0], node.input_shapes[0], axis.value(), indices));
    first += size;
  }
  return result;
}

// The sizes are written out, even where they were left to be equal.
Result<NodeEdit> edit(const NodeView& node, std::span<const KeptAxes> inputs,
                      std::span<const KeptAxes>) {
  const Result<int> axis = split_axis(node);
  if (!axis) return axis.error();
  const auto kept = inputs[0].find(axis.value());
  if (kept == inputs[0].end()) return NodeEdit{};
  std::vector<std::int64_t> sizes;
  std::int64_t first = 0;
  for (const std::int64_t size : sizes_along(node, axis.value())) {
    sizes.push_back(std::ranges::count_if(
        kept->second, [&](std::int64_t c) { return c >= first && c < first + size; }));
    first += size;
  }
  NodeEdit result;
  if (node.opset < 13) {
    result.attributes["split"] = sizes;
  } else {
    result.constants.emplace(1, int64_tensor(sizes));
    result.dropped_attributes.push_back("num_outputs");
  }
  return result;
}

}  // namespace

OpDef op_split() {
  return {.onnx_type = "Split", .flow = flow, .macs = no_macs, .edit = edit, .moves_only = true};
}

}  // namespace pare::engine
