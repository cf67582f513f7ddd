// ConvTranspose: makes new channels out of those that it reads; of several groups, whole ones go.
#include <string>

#include "engine/graph/flow_rules.h"

namespace pare::engine {
namespace {

constexpr int kWeight = 1;  // in_channels x out_channels / groups x kernel
constexpr int kBias = 2;

// What a group makes goes with all that it reads.
NodeFlow group_by_group(const NodeView& node, std::int64_t groups, const std::vector<Symbol>& read,
                        ChannelFlow& channels) {
  const std::int64_t in = std::ssize(read) / groups, out = node.output_shapes[0][1] / groups;
  const auto first = [&](std::int64_t group) { return read[static_cast<std::size_t>(group * in)]; };
  for (std::int64_t c = 0; c < std::ssize(read); ++c) {
    channels.unite(first(c / in), read[static_cast<std::size_t>(c)]);
  }
  std::vector<Symbol> made;
  for (std::int64_t c = 0; c < groups * out; ++c) made.push_back(first(c / out));
  NodeFlow result{{Layout{{1}, made}}, {{kWeight, 0, CutRole::kCarries, read}}};
  if (node.has_input(kBias)) result.cuts.push_back({kBias, 0, CutRole::kCarries, made});
  return result;
}

Result<NodeFlow> flow(const NodeView& node, std::span<const Layout> inputs, ChannelFlow& channels) {
  const Tensor* weight = node.constant(kWeight);
  if (weight == nullptr || (node.has_input(kBias) && node.constant(kBias) == nullptr)) {
    return Error{ErrorCode::kUnsupported, "its weights are computed from the image"};
  }
  const Result<std::vector<Symbol>> read =
      channels_along(inputs[0], node.input_shapes[0], 1, channels);
  if (!read) return read.error();
  const std::int64_t groups = int_attribute(node.node, "group", 1);
  if (groups < 1 || weight->shape()[0] != std::ssize(read.value()) ||
      weight->shape()[0] % groups != 0) {
    return Error{ErrorCode::kInvalidArgument, "weights of shape " + to_string(weight->shape()) +
                                                  " in " + std::to_string(groups) + " groups"};
  }
  if (groups > 1) return group_by_group(node, groups, read.value(), channels);
  const std::vector<Symbol> made = channels.fresh(node.output_shapes[0][1]);
  NodeFlow result{
      {Layout{{1}, made}},
      {{kWeight, 1, CutRole::kProduces, made}, {kWeight, 0, CutRole::kReads, read.value()}}};
  if (node.has_input(kBias)) result.cuts.push_back({kBias, 0, CutRole::kProduces, made});
  return result;
}

std::int64_t macs(const NodeView& node) {
  const Shape& weight = node.input_shapes[kWeight];
  return element_count(node.input_shapes[0]) * element_count(weight) / weight[0];
}

Result<NodeEdit> edit(const NodeView& node, std::span<const KeptAxes> inputs,
                      std::span<const KeptAxes>) {
  NodeEdit result;
  const auto read = inputs[0].find(1);
  const std::int64_t groups = int_attribute(node.node, "group", 1);
  if (groups == 1 || read == inputs[0].end()) return result;
  result.attributes["group"] = std::ssize(read->second) / (node.input_shapes[0][1] / groups);
  return result;
}

}  // namespace

OpDef op_conv_transpose() {
  return {.onnx_type = "ConvTranspose", .flow = flow, .macs = macs, .edit = edit};
}

}  // namespace pare::engine
