// Concat: along the channels, one input's channels behind the other's; along another dimension,
// channel c of the result is channel c of every input, so they go together.
#include <set>

#include "engine/graph/flow_rules.h"

namespace pare::engine {
namespace {

bool any_along(std::span<const Layout> inputs, int axis) {
  for (const Layout& input : inputs) {
    for (const int own : input.axes) {
      if (own == axis) return true;
    }
  }
  return false;
}

Result<NodeFlow> flow(const NodeView& node, std::span<const Layout> inputs, ChannelFlow& flow) {
  const Result<int> axis =
      axis_of(int_attribute(node.node, "axis", 1), node.output_shapes[0].size());
  if (!axis) return axis.error();
  bool fixed = true;
  for (const Layout& input : inputs) fixed = fixed && is_fixed(input);
  if (fixed) return NodeFlow{{Layout{}}, {}};

  if (any_along(inputs, axis.value())) {
    return NodeFlow{{concatenate(inputs, node.input_shapes, axis.value())}, {}};
  }
  std::set<int> others;
  for (const Layout& input : inputs) others.insert(input.axes.begin(), input.axes.end());
  const std::vector<int> axes(others.begin(), others.end());
  std::vector<Symbol> first;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Layout wide = expand(inputs[i], node.input_shapes[i], axes);
    if (i == 0) first = wide.symbols;
    for (std::size_t c = 0; c < first.size(); ++c) flow.unite(first[c], wide.symbols[c]);
  }
  return NodeFlow{{Layout{axes, first}}, {}};
}

}  // namespace

OpDef op_concat() {
  return {.onnx_type = "Concat", .flow = flow, .macs = no_macs};
}

}  // namespace pare::engine
