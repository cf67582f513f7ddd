#include "engine/graph/flow_rules.h"

#include <algorithm>
#include <string>

namespace pare::engine {
namespace {

// An operand of an element-wise operator, its dimensions counted as the output's.
struct Operand {
  Layout layout;
  Shape shape;  // with dimensions of 1 in front, as long as the output's
  bool constant = false;
  int input = 0;
  int shift = 0;  // output dimension - own dimension
};

std::int64_t extent(const Shape& shape, int axis) {
  return shape[static_cast<std::size_t>(axis)];
}

std::vector<Operand> operands_of(const NodeView& node, std::span<const Layout> inputs) {
  const std::size_t rank = node.output_shapes[0].size();
  std::vector<Operand> operands;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!node.has_input(i)) continue;
    Operand operand{inputs[i], node.input_shapes[i], node.constant(i) != nullptr,
                    static_cast<int>(i), static_cast<int>(rank - node.input_shapes[i].size())};
    operand.shape.insert(operand.shape.begin(), static_cast<std::size_t>(operand.shift), 1);
    for (int& axis : operand.layout.axes) axis += operand.shift;
    operands.push_back(std::move(operand));
  }
  return operands;
}

// Dimensions of the output along which channels lie: those of all operands.
std::vector<int> channel_axes(const std::vector<Operand>& operands) {
  std::vector<int> axes;
  for (const Operand& operand : operands) {
    axes.insert(axes.end(), operand.layout.axes.begin(), operand.layout.axes.end());
  }
  std::ranges::sort(axes);
  axes.erase(std::unique(axes.begin(), axes.end()), axes.end());
  return axes;
}

bool varies_along(const Operand& operand, const std::vector<int>& axes) {
  return std::ranges::any_of(axes, [&](int axis) { return extent(operand.shape, axis) > 1; });
}

// A dimension of 1 that holds a channel is read by all of the output: the channel must stay.
void freeze_broadcast(const Operand& operand, const Shape& output, ChannelFlow& flow) {
  for (const int axis : operand.layout.axes) {
    if (extent(operand.shape, axis) == extent(output, axis)) continue;
    for (const Symbol s : operand.layout.symbols) flow.freeze(s, "one channel meets several");
  }
}

// The operand's symbols as a table over `axes` of the output.
std::vector<Symbol> table_over(const Operand& operand, const Shape& output,
                               const std::vector<int>& axes) {
  Shape shape = operand.shape;
  Layout layout = operand.layout;
  for (const int axis : layout.axes) {
    if (extent(shape, axis) != extent(output, axis)) return {};  // frozen above
  }
  for (const int axis : axes) shape[static_cast<std::size_t>(axis)] = extent(output, axis);
  return expand(layout, shape, axes).symbols;
}

}  // namespace

Result<std::monostate> only_first_flows(const NodeView& node, std::span<const Layout> inputs) {
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    if (node.constant(i) == nullptr && !is_fixed(inputs[i])) {
      return Error{ErrorCode::kUnsupported, "its input " + node.node.inputs[i] + " is no constant"};
    }
  }
  return std::monostate{};
}

Result<NodeFlow> pass_through(const NodeView& node, std::span<const Layout> inputs, ChannelFlow&) {
  if (const auto alone = only_first_flows(node, inputs); !alone) return alone.error();
  const Shape& from = node.input_shapes[0];
  const Shape& to = node.output_shapes[0];
  for (const int axis : inputs[0].axes) {
    if (from.size() != to.size() || extent(from, axis) != extent(to, axis)) {
      return Error{ErrorCode::kUnsupported, "it turns " + to_string(from) + " into " +
                                                to_string(to) + " across the channels"};
    }
  }
  NodeFlow result;
  result.outputs.assign(node.output_shapes.size(), inputs[0]);
  return result;
}

Result<NodeFlow> elementwise(const NodeView& node, std::span<const Layout> inputs,
                             ChannelFlow& flow) {
  const Shape& output = node.output_shapes[0];
  for (const Shape& shape : node.input_shapes) {
    if (shape.size() > output.size()) {
      return Error{ErrorCode::kInvalidArgument,
                   "an input has more dimensions than the output " + to_string(output)};
    }
  }
  const std::vector<Operand> operands = operands_of(node, inputs);
  const std::vector<int> axes = channel_axes(operands);
  if (axes.empty()) return NodeFlow{{Layout{}}, {}};

  std::vector<Symbol> joined;
  for (const Operand& operand : operands) {
    if (operand.constant) continue;
    freeze_broadcast(operand, output, flow);
    if (operand.layout.axes.empty() && !varies_along(operand, axes)) continue;
    const std::vector<Symbol> table = table_over(operand, output, axes);
    if (table.empty()) continue;
    if (joined.empty()) joined = table;
    for (std::size_t i = 0; i < table.size(); ++i) flow.unite(joined[i], table[i]);
  }
  if (joined.empty()) return NodeFlow{{Layout{}}, {}};

  NodeFlow result{{Layout{axes, joined}}, {}};
  for (const Operand& operand : operands) {
    if (!operand.constant || !varies_along(operand, axes)) continue;
    if (axes.size() > 1) {
      return Error{ErrorCode::kUnsupported,
                   "a constant meets channels that lie along several dimensions"};
    }
    result.cuts.push_back({operand.input, axes[0] - operand.shift, CutRole::kCarries, joined});
  }
  return result;
}

Result<NodeFlow> same_elements(const NodeView& node, std::span<const Layout> inputs, ChannelFlow&) {
  if (const auto alone = only_first_flows(node, inputs); !alone) return alone.error();
  Result<Layout> layout = reshape(inputs[0], node.input_shapes[0], node.output_shapes[0]);
  if (!layout) return layout.error();
  return NodeFlow{{std::move(layout).value()}, {}};
}

std::int64_t no_macs(const NodeView&) {
  return 0;
}

Result<int> axis_of(std::int64_t axis, std::size_t rank) {
  const auto count = static_cast<std::int64_t>(rank);
  if (axis < -count || axis >= count) {
    return Error{ErrorCode::kInvalidArgument, "axis " + std::to_string(axis) +
                                                  " of a tensor with " + std::to_string(rank) +
                                                  " dimensions"};
  }
  return static_cast<int>(axis < 0 ? axis + count : axis);
}

Result<std::vector<std::int64_t>> constant_integers(const NodeView& node, std::size_t input) {
  const Tensor* value = node.constant(input);
  if (value == nullptr) {
    return Error{ErrorCode::kUnsupported, "input " + std::to_string(input) + " is no constant"};
  }
  if (value->dtype() == DType::kInt64) {
    const auto values = value->values<std::int64_t>();
    return std::vector<std::int64_t>(values.begin(), values.end());
  }
  if (value->dtype() == DType::kInt32) {
    const auto values = value->values<std::int32_t>();
    return std::vector<std::int64_t>(values.begin(), values.end());
  }
  return Error{ErrorCode::kUnsupported,
               "input " + std::to_string(input) + " holds " + std::string(name_of(value->dtype()))};
}

Tensor int64_tensor(const std::vector<std::int64_t>& values) {
  return Tensor::of<std::int64_t>({static_cast<std::int64_t>(values.size())}, values);
}

}  // namespace pare::engine
