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

// The dimension along which most channels lie.
int longest(const std::vector<int>& axes, const Shape& shape) {
  return *std::ranges::max_element(axes, {}, [&](int axis) { return extent(shape, axis); });
}

}  // namespace

Layout united_along(const Layout& layout, const Shape& shape, int axis, ChannelFlow& flow) {
  constexpr std::int64_t kFirst = 0;
  Layout left = take(layout, shape, axis, std::span(&kFirst, 1));
  for (std::int64_t k = 1; k < extent(shape, axis); ++k) {
    const Layout row = take(layout, shape, axis, std::span(&k, 1));
    for (std::size_t i = 0; i < row.symbols.size(); ++i) {
      flow.unite(left.symbols[i], row.symbols[i]);
    }
  }
  std::erase(left.axes, axis);
  return left;
}

Result<std::vector<Symbol>> channels_along(const Layout& layout, const Shape& shape, int axis,
                                           ChannelFlow& flow) {
  Layout left = layout;
  if (std::ranges::find(layout.axes, axis) != layout.axes.end()) {
    for (const int other : layout.axes) {
      if (other != axis) left = united_along(left, shape, other, flow);
    }
  }
  return symbols_along(left, shape, axis);
}

Result<Layout> united_within(const Layout& layout, const Shape& shape, std::span<const int> axes,
                             std::string_view reason, ChannelFlow& flow) {
  Layout left = layout;
  for (const int axis : axes) {
    if (std::ranges::find(left.axes, axis) == left.axes.end()) continue;
    if (left.axes.size() == 1) return Error{ErrorCode::kUnsupported, std::string(reason)};
    left = united_along(left, shape, axis, flow);
  }
  return left;
}

Result<std::monostate> only_first_flows(const NodeView& node, std::span<const Layout> inputs) {
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    if (node.constant(i) == nullptr && !is_fixed(inputs[i])) {
      return Error{ErrorCode::kUnsupported, "its input " + node.node.inputs[i] + " is no constant"};
    }
  }
  return std::monostate{};
}

Result<NodeFlow> pass_through(const NodeView& node, std::span<const Layout> inputs,
                              ChannelFlow& flow) {
  if (const auto alone = only_first_flows(node, inputs); !alone) return alone.error();
  const Shape& from = node.input_shapes[0];
  const Shape& to = node.output_shapes[0];
  std::vector<int> changed;
  for (const int axis : inputs[0].axes) {
    if (from.size() != to.size() || extent(from, axis) != extent(to, axis)) changed.push_back(axis);
  }
  const Result<Layout> layout = united_within(
      inputs[0], from, changed,
      "it turns " + to_string(from) + " into " + to_string(to) + " across the channels", flow);
  if (!layout) return layout.error();
  NodeFlow result;
  result.outputs.assign(node.output_shapes.size(), layout.value());
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

  Layout made{axes, std::move(joined)};
  const bool is_cut = std::ranges::any_of(
      operands, [&](const Operand& o) { return o.constant && varies_along(o, axes); });
  // A constant can lose slices along one dimension: channels along the others go together.
  for (const int axis : axes) {
    if (is_cut && axis != longest(axes, output)) made = united_along(made, output, axis, flow);
  }
  NodeFlow result{{made}, {}};
  for (const Operand& operand : operands) {
    if (!operand.constant || !varies_along(operand, made.axes)) continue;
    result.cuts.push_back(
        {operand.input, made.axes[0] - operand.shift, CutRole::kCarries, made.symbols});
  }
  return result;
}

namespace {

// The dimensions that a reduction names, ascending; all of them where it names none.
Result<std::vector<int>> reduced_axes(const NodeView& node) {
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

}  // namespace

Result<NodeFlow> reduction(const NodeView& node, std::span<const Layout> inputs,
                           ChannelFlow& flow) {
  if (is_fixed(inputs[0])) return NodeFlow{{Layout{}}, {}};
  const Result<std::vector<int>> axes = reduced_axes(node);
  if (!axes) return axes.error();
  Result<Layout> left = united_within(inputs[0], node.input_shapes[0], axes.value(),
                                      "it adds up the channels of a dimension", flow);
  if (!left) return left.error();
  Layout layout = std::move(left).value();
  if (int_attribute(node.node, "keepdims", 1) != 0) return NodeFlow{{std::move(layout)}, {}};
  for (int& own : layout.axes) {
    own -=
        static_cast<int>(std::ranges::count_if(axes.value(), [&](int axis) { return axis < own; }));
  }
  return NodeFlow{{std::move(layout)}, {}};
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
