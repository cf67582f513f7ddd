// Reshape: the same elements under another shape, whose channel counts follow what is kept.
#include "engine/graph/flow_rules.h"

namespace pare::engine {
namespace {

Result<NodeFlow> flow(const NodeView& node, std::span<const Layout> inputs, ChannelFlow& flow) {
  if (!is_fixed(inputs[0])) {
    if (const auto target = constant_integers(node, 1); !target) return target.error();
  }
  return same_elements(node, inputs, flow);
}

// -1 stays: it comes out right whatever the others are.  0 means "as the input's" and holds only
// where neither side's dimension changed.
Result<NodeEdit> edit(const NodeView& node, std::span<const KeptAxes> inputs,
                      std::span<const KeptAxes> outputs) {
  Result<std::vector<std::int64_t>> target = constant_integers(node, 1);
  if (!target) return target.error();
  std::vector<std::int64_t> shape = std::move(target).value();
  bool changed = false;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] == -1) continue;
    const auto kept = outputs[0].find(static_cast<int>(d));
    std::int64_t wanted = shape[d];
    if (kept != outputs[0].end()) {
      wanted = static_cast<std::int64_t>(kept->second.size());
    } else if (shape[d] == 0 && inputs[0].contains(static_cast<int>(d))) {
      wanted = node.output_shapes[0][d];
    }
    changed = changed || wanted != shape[d];
    shape[d] = wanted;
  }
  NodeEdit result;
  if (changed) result.constants.emplace(1, int64_tensor(shape));
  return result;
}

}  // namespace

OpDef op_reshape() {
  return {.onnx_type = "Reshape", .flow = flow, .macs = no_macs, .edit = edit, .moves_only = true};
}

}  // namespace pare::engine
