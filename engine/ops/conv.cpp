// Conv: rows of the weights make new channels, columns read the old ones.  Depthwise (one group a
// channel) passes channels on.  Other groups keep their channels.
#include <string>

#include "engine/graph/flow_rules.h"

namespace pare::engine {
namespace {

constexpr int kWeight = 1;
constexpr int kBias = 2;

struct Sizes {
  std::int64_t out = 0, in_per_group = 0, groups = 1;
  std::int64_t in() const { return in_per_group * groups; }
};

Result<Sizes> sizes_of(const NodeView& node) {
  const Tensor* weight = node.constant(kWeight);
  if (weight == nullptr || (node.has_input(kBias) && node.constant(kBias) == nullptr)) {
    return Error{ErrorCode::kUnsupported, "its weights are computed from the image"};
  }
  const std::int64_t groups = int_attribute(node.node, "group", 1);
  if (weight->shape().size() < 3 || groups < 1 || weight->shape()[0] % groups != 0) {
    return Error{ErrorCode::kInvalidArgument, "weights of shape " + to_string(weight->shape()) +
                                                  " in " + std::to_string(groups) + " groups"};
  }
  return Sizes{weight->shape()[0], weight->shape()[1], groups};
}

void add_rows(const NodeView& node, CutRole role, const std::vector<Symbol>& symbols,
              NodeFlow& result) {
  result.cuts.push_back({kWeight, 0, role, symbols});
  if (node.has_input(kBias)) result.cuts.push_back({kBias, 0, role, symbols});
}

// Output channel c reads input channel c / multiplier alone.
NodeFlow depthwise(const NodeView& node, const Sizes& sizes, const std::vector<Symbol>& read) {
  const std::int64_t multiplier = sizes.out / sizes.groups;
  std::vector<Symbol> made;
  for (std::int64_t c = 0; c < sizes.out; ++c) {
    made.push_back(read[static_cast<std::size_t>(c / multiplier)]);
  }
  NodeFlow result{{Layout{{1}, made}}, {}};
  add_rows(node, CutRole::kCarries, made, result);
  return result;
}

Result<NodeFlow> flow(const NodeView& node, std::span<const Layout> inputs, ChannelFlow& channels) {
  const Result<Sizes> sizes = sizes_of(node);
  if (!sizes) return sizes.error();
  const Result<std::vector<Symbol>> read = symbols_along(inputs[0], node.input_shapes[0], 1);
  if (!read) return read.error();
  const auto [out, in_per_group, groups] = sizes.value();
  if (in_per_group == 1 && groups > 1) return depthwise(node, sizes.value(), read.value());

  const std::vector<Symbol> made = channels.fresh(out);
  NodeFlow result{{Layout{{1}, made}}, {}};
  add_rows(node, CutRole::kProduces, made, result);
  if (groups == 1) {
    result.cuts.push_back({kWeight, 1, CutRole::kConsumes, read.value()});
    return result;
  }
  const std::string reason = "Conv " + node.node.name + " has " + std::to_string(groups) +
                             " groups of " + std::to_string(in_per_group) + " channels";
  for (const Symbol s : made) channels.freeze(s, reason);
  for (const Symbol s : read.value()) channels.freeze(s, reason);
  return result;
}

std::int64_t macs(const NodeView& node) {
  const Shape& weight = node.input_shapes[kWeight];
  return element_count(node.output_shapes[0]) * element_count(weight) / weight[0];
}

// A depthwise convolution has as many groups as channels.
Result<NodeEdit> edit(const NodeView& node, std::span<const KeptAxes> inputs,
                      std::span<const KeptAxes>) {
  NodeEdit result;
  const auto read = inputs[0].find(1);
  if (int_attribute(node.node, "group", 1) > 1 && read != inputs[0].end()) {
    result.attributes["group"] = static_cast<std::int64_t>(read->second.size());
  }
  return result;
}

}  // namespace

OpDef op_conv() {
  return {.onnx_type = "Conv", .flow = flow, .macs = macs, .edit = edit};
}

}  // namespace pare::engine
