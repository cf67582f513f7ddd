// Conv: rows of the weights make new channels, columns read the old ones.  Depthwise (one channel a
// group) passes channels on.  Of other groups, either the same channels of all go together, or
// whole groups, whichever are more.
#include <algorithm>
#include <string>

#include "engine/graph/flow_rules.h"

namespace pare::engine {
namespace {

constexpr int kWeight = 1;
constexpr int kBias = 2;

struct Sizes {
  std::int64_t out = 0, in_per_group = 0, groups = 1;
  std::int64_t in() const { return in_per_group * groups; }
  std::int64_t out_per_group() const { return out / groups; }
  bool whole_groups_go() const { return groups >= std::max(in_per_group, out_per_group()); }
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

// What a group makes goes with all that it reads; of one channel a group that is depthwise.
NodeFlow group_by_group(const NodeView& node, const Sizes& sizes, const std::vector<Symbol>& read,
                        ChannelFlow& channels) {
  std::vector<Symbol> made;
  for (std::int64_t c = 0; c < sizes.out; ++c) {
    const std::int64_t first = c / sizes.out_per_group() * sizes.in_per_group;
    made.push_back(read[static_cast<std::size_t>(first)]);
  }
  for (std::int64_t c = 0; c < sizes.in(); ++c) {
    const std::int64_t first = c / sizes.in_per_group * sizes.in_per_group;
    channels.unite(read[static_cast<std::size_t>(first)], read[static_cast<std::size_t>(c)]);
  }
  NodeFlow result{{Layout{{1}, made}}, {}};
  add_rows(node, CutRole::kCarries, made, result);
  return result;
}

// Channel k of every group goes together, of what is read and of what is made.
NodeFlow across_groups(const NodeView& node, const Sizes& sizes, const std::vector<Symbol>& read,
                       ChannelFlow& channels) {
  const std::vector<Symbol> columns(read.begin(), read.begin() + sizes.in_per_group);
  for (std::int64_t c = 0; c < sizes.in(); ++c) {
    channels.unite(columns[static_cast<std::size_t>(c % sizes.in_per_group)],
                   read[static_cast<std::size_t>(c)]);
  }
  const std::vector<Symbol> fresh = channels.fresh(sizes.out_per_group());
  std::vector<Symbol> made;
  for (std::int64_t g = 0; g < sizes.groups; ++g)
    made.insert(made.end(), fresh.begin(), fresh.end());
  NodeFlow result{{Layout{{1}, made}}, {}};
  add_rows(node, CutRole::kProduces, made, result);
  result.cuts.push_back({kWeight, 1, CutRole::kReads, columns});
  return result;
}

Result<NodeFlow> flow(const NodeView& node, std::span<const Layout> inputs, ChannelFlow& channels) {
  const Result<Sizes> known = sizes_of(node);
  if (!known) return known.error();
  const Sizes sizes = known.value();
  const Result<std::vector<Symbol>> read =
      channels_along(inputs[0], node.input_shapes[0], 1, channels);
  if (!read) return read.error();
  if (std::ssize(read.value()) != sizes.in()) {
    return Error{ErrorCode::kInvalidArgument, "its weights read " + std::to_string(sizes.in()) +
                                                  " channels of " +
                                                  std::to_string(read.value().size())};
  }
  if (sizes.groups == 1) {
    const std::vector<Symbol> made = channels.fresh(sizes.out);
    NodeFlow result{{Layout{{1}, made}}, {}};
    add_rows(node, CutRole::kProduces, made, result);
    result.cuts.push_back({kWeight, 1, CutRole::kConsumes, read.value()});
    return result;
  }
  const bool whole = sizes.in_per_group == 1 || (sizes.whole_groups_go() && !is_fixed(inputs[0]));
  return whole ? group_by_group(node, sizes, read.value(), channels)
               : across_groups(node, sizes, read.value(), channels);
}

std::int64_t macs(const NodeView& node) {
  const Shape& weight = node.input_shapes[kWeight];
  return element_count(node.output_shapes[0]) * element_count(weight) / weight[0];
}

// Where whole groups go, as many stay as what they read says.
Result<NodeEdit> edit(const NodeView& node, std::span<const KeptAxes> inputs,
                      std::span<const KeptAxes>) {
  NodeEdit result;
  const auto read = inputs[0].find(1);
  if (read == inputs[0].end()) return result;
  const Result<Sizes> sizes = sizes_of(node);
  if (!sizes) return sizes.error();
  const auto [out, in_per_group, groups] = sizes.value();
  if (groups == 1 || (in_per_group > 1 && !sizes.value().whole_groups_go())) return result;
  result.attributes["group"] = std::ssize(read->second) / in_per_group;
  return result;
}

}  // namespace

OpDef op_conv() {
  return {.onnx_type = "Conv", .flow = flow, .macs = macs, .edit = edit};
}

}  // namespace pare::engine
