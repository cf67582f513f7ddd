// ConvTranspose: makes new channels; the channels that it reads stay, and so do those of groups.
#include <string>

#include "engine/graph/flow_rules.h"

namespace pare::engine {
namespace {

constexpr int kWeight = 1;  // in_channels x out_channels / groups x kernel
constexpr int kBias = 2;

Result<NodeFlow> flow(const NodeView& node, std::span<const Layout> inputs, ChannelFlow& channels) {
  const Tensor* weight = node.constant(kWeight);
  if (weight == nullptr || (node.has_input(kBias) && node.constant(kBias) == nullptr)) {
    return Error{ErrorCode::kUnsupported, "its weights are computed from the image"};
  }
  const std::string reason = "ConvTranspose " + node.node.name + " reads them";
  for (const Symbol s : inputs[0].symbols) channels.freeze(s, reason);

  const std::vector<Symbol> made = channels.fresh(node.output_shapes[0][1]);
  NodeFlow result{{Layout{{1}, made}}, {}};
  if (const std::int64_t groups = int_attribute(node.node, "group", 1); groups == 1) {
    result.cuts.push_back({kWeight, 1, CutRole::kProduces, made});
    if (node.has_input(kBias)) result.cuts.push_back({kBias, 0, CutRole::kProduces, made});
  } else {
    for (const Symbol s : made) {
      channels.freeze(
          s, "ConvTranspose " + node.node.name + " has " + std::to_string(groups) + " groups");
    }
  }
  return result;
}

std::int64_t macs(const NodeView& node) {
  const Shape& weight = node.input_shapes[kWeight];
  return element_count(node.input_shapes[0]) * element_count(weight) / weight[0];
}

}  // namespace

OpDef op_conv_transpose() {
  return {.onnx_type = "ConvTranspose", .flow = flow, .macs = macs};
}

}  // namespace pare::engine
