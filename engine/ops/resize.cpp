// Resize: each channel on its own; `sizes`, where given, names the channels.
#include "engine/graph/flow_rules.h"

namespace pare::engine {
namespace {

constexpr std::size_t kSizes = 3;

// The dimensions that `sizes` gives; all of them where no attribute names some (opset 18).
std::vector<std::int64_t> sized_axes(const NodeView& node) {
  const auto rank = static_cast<std::int64_t>(node.input_shapes[0].size());
  std::vector<std::int64_t> all;
  for (std::int64_t d = 0; d < rank; ++d) all.push_back(d);
  std::vector<std::int64_t> axes = ints_attribute(node.node, "axes", std::move(all));
  for (std::int64_t& axis : axes) axis += axis < 0 ? rank : 0;
  return axes;
}

Result<NodeFlow> flow(const NodeView& node, std::span<const Layout> inputs, ChannelFlow& flow) {
  if (node.has_input(kSizes) && !is_fixed(inputs[0])) {
    const auto sizes = constant_integers(node, kSizes);
    if (!sizes) return sizes.error();
    if (sizes.value().size() != sized_axes(node).size()) {
      return Error{ErrorCode::kInvalidArgument, "it has not one size for each dimension"};
    }
  }
  return pass_through(node, inputs, flow);
}

Result<NodeEdit> edit(const NodeView& node, std::span<const KeptAxes>,
                      std::span<const KeptAxes> outputs) {
  NodeEdit result;
  if (!node.has_input(kSizes) || outputs[0].empty()) return result;
  Result<std::vector<std::int64_t>> given = constant_integers(node, kSizes);
  if (!given) return given.error();
  std::vector<std::int64_t> sizes = std::move(given).value();
  const std::vector<std::int64_t> axes = sized_axes(node);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto kept = outputs[0].find(static_cast<int>(axes[i]));
    if (kept != outputs[0].end()) sizes[i] = std::ssize(kept->second);
  }
  result.constants.emplace(kSizes, int64_tensor(sizes));
  return result;
}

}  // namespace

OpDef op_resize() {
  return {.onnx_type = "Resize", .flow = flow, .macs = no_macs, .edit = edit};
}

}  // namespace pare::engine
