// Resize: each channel on its own; `sizes`, where given, names the channels.
#include "engine/graph/flow_rules.h"

namespace pare::engine {
namespace {

constexpr std::size_t kSizes = 3;

Result<NodeFlow> flow(const NodeView& node, std::span<const Layout> inputs, ChannelFlow& flow) {
  if (node.has_input(kSizes) && !is_fixed(inputs[0])) {
    if (const auto sizes = constant_integers(node, kSizes); !sizes) return sizes.error();
    if (node.node.attributes.contains("axes")) {
      return Error{ErrorCode::kUnsupported, "it gives sizes for some dimensions only"};
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
  for (const auto& [axis, kept] : outputs[0]) {
    sizes[static_cast<std::size_t>(axis)] = static_cast<std::int64_t>(kept.size());
  }
  result.constants.emplace(kSizes, int64_tensor(sizes));
  return result;
}

}  // namespace

OpDef op_resize() {
  return {.onnx_type = "Resize", .flow = flow, .macs = no_macs, .edit = edit};
}

}  // namespace pare::engine
