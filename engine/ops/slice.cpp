// Slice: along the channels, a run of them; along other dimensions (YOLOX's Focus takes every
// second row and column) all of them.
#include <algorithm>
#include <string>

#include "engine/graph/flow_rules.h"

namespace pare::engine {
namespace {

// starts, ends, axes, steps: inputs since opset 10, attributes (without steps) before.
struct Run {
  int axis = 0;
  std::int64_t start = 0, step = 1, count = 0;
};

Result<std::vector<std::int64_t>> parameter(const NodeView& node, std::size_t input,
                                            const char* attribute,
                                            std::vector<std::int64_t> absent) {
  if (node.opset < 10) return ints_attribute(node.node, attribute, std::move(absent));
  if (!node.has_input(input)) return absent;
  return constant_integers(node, input);
}

Result<std::vector<Run>> runs_of(const NodeView& node) {
  const Result<std::vector<std::int64_t>> starts = parameter(node, 1, "starts", {});
  if (!starts) return starts.error();
  std::vector<std::int64_t> all(starts.value().size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int64_t>(i);
  const Result<std::vector<std::int64_t>> axes = parameter(node, 3, "axes", all);
  if (!axes) return axes.error();
  const Result<std::vector<std::int64_t>> steps =
      parameter(node, 4, "steps", std::vector<std::int64_t>(all.size(), 1));
  if (!steps) return steps.error();
  if (axes.value().size() != all.size() || steps.value().size() != all.size()) {
    return Error{ErrorCode::kInvalidArgument, "starts, axes and steps are not equally many"};
  }
  std::vector<Run> runs;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Result<int> axis = axis_of(axes.value()[i], node.input_shapes[0].size());
    if (!axis) return axis.error();
    const auto d = static_cast<std::size_t>(axis.value());
    const std::int64_t extent = node.input_shapes[0][d];
    std::int64_t start = starts.value()[i];
    if (start < 0) start += extent;
    start = std::clamp<std::int64_t>(start, 0, steps.value()[i] > 0 ? extent : extent - 1);
    runs.push_back({axis.value(), start, steps.value()[i], node.output_shapes[0][d]});
  }
  return runs;
}

Result<NodeFlow> flow(const NodeView& node, std::span<const Layout> inputs, ChannelFlow&) {
  if (is_fixed(inputs[0])) return NodeFlow{{Layout{}}, {}};
  const Result<std::vector<Run>> runs = runs_of(node);
  if (!runs) return runs.error();
  Layout layout = inputs[0];
  Shape shape = node.input_shapes[0];
  for (const Run& run : runs.value()) {
    if (std::ranges::find(layout.axes, run.axis) != layout.axes.end() && run.step != 1) {
      return Error{ErrorCode::kUnsupported,
                   "it takes channels in steps of " + std::to_string(run.step)};
    }
    std::vector<std::int64_t> indices;
    for (std::int64_t k = 0; k < run.count; ++k) indices.push_back(run.start + k * run.step);
    layout = take(layout, shape, run.axis, indices);
    shape[static_cast<std::size_t>(run.axis)] = run.count;
  }
  return NodeFlow{{std::move(layout)}, {}};
}

// Starts and ends along a dimension that loses channels are counted among those kept.
Result<NodeEdit> edit(const NodeView& node, std::span<const KeptAxes> inputs,
                      std::span<const KeptAxes>) {
  const Result<std::vector<Run>> runs = runs_of(node);
  if (!runs) return runs.error();
  Result<std::vector<std::int64_t>> starts = parameter(node, 1, "starts", {});
  if (!starts) return starts.error();
  Result<std::vector<std::int64_t>> ends = parameter(node, 2, "ends", {});
  if (!ends) return ends.error();
  std::vector<std::int64_t> first = std::move(starts).value(), last = std::move(ends).value();
  bool changed = false;
  for (std::size_t i = 0; i < runs.value().size(); ++i) {
    const Run& run = runs.value()[i];
    const auto kept = inputs[0].find(run.axis);
    if (kept == inputs[0].end()) continue;
    const auto below = [&](std::int64_t limit) {
      return std::ranges::count_if(kept->second, [&](std::int64_t c) { return c < limit; });
    };
    first[i] = below(run.start);
    last[i] = below(run.start + run.count);
    changed = true;
  }
  NodeEdit result;
  if (!changed) return result;
  if (node.opset < 10) {
    result.attributes["starts"] = first;
    result.attributes["ends"] = last;
  } else {
    result.constants.emplace(1, int64_tensor(first));
    result.constants.emplace(2, int64_tensor(last));
  }
  return result;
}

}  // namespace

OpDef op_slice() {
  return {.onnx_type = "Slice", .flow = flow, .macs = no_macs, .edit = edit, .moves_only = true};
}

}  // namespace pare::engine
