// GroupNormalization: the channels of a group are divided by the spread of all of them, so whole
// groups go.  Scale and bias are by group (opset 18) or by channel (21).
#include <string>

#include "engine/graph/flow_rules.h"

namespace pare::engine {
namespace {

Result<NodeFlow> flow(const NodeView& node, std::span<const Layout> inputs, ChannelFlow& flow) {
  if (const auto alone = only_first_flows(node, inputs); !alone) return alone.error();
  const Result<std::vector<Symbol>> read = channels_along(inputs[0], node.input_shapes[0], 1, flow);
  if (!read) return read.error();
  const std::vector<Symbol>& channels = read.value();
  const std::int64_t groups = int_attribute(node.node, "num_groups", 1);
  if (groups < 1 || std::ssize(channels) % groups != 0) {
    return Error{ErrorCode::kInvalidArgument, std::to_string(channels.size()) + " channels in " +
                                                  std::to_string(groups) + " groups"};
  }
  const std::int64_t each = std::ssize(channels) / groups;
  std::vector<Symbol> firsts;
  for (std::int64_t c = 0; c < std::ssize(channels); ++c) {
    if (c % each == 0) firsts.push_back(channels[static_cast<std::size_t>(c)]);
    flow.unite(firsts.back(), channels[static_cast<std::size_t>(c)]);
  }
  NodeFlow result{{inputs[0]}, {}};
  for (const std::size_t input : {1U, 2U}) {
    const Tensor* const parameters = node.constant(input);
    if (parameters == nullptr) {
      return Error{ErrorCode::kUnsupported, "its parameters are no constants"};
    }
    result.cuts.push_back({static_cast<int>(input), 0, CutRole::kCarries,
                           parameters->size() == groups ? firsts : channels});
  }
  return result;
}

Result<NodeEdit> edit(const NodeView& node, std::span<const KeptAxes> inputs,
                      std::span<const KeptAxes>) {
  NodeEdit result;
  const auto kept = inputs[0].find(1);
  if (kept == inputs[0].end()) return result;
  const std::int64_t groups = int_attribute(node.node, "num_groups", 1);
  result.attributes["num_groups"] = std::ssize(kept->second) * groups / node.input_shapes[0][1];
  return result;
}

}  // namespace

OpDef op_group_normalization() {
  return {.onnx_type = "GroupNormalization", .flow = flow, .macs = no_macs, .edit = edit};
}

}  // namespace pare::engine
