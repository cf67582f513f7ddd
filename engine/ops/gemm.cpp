// Gemm: a fully connected layer, y = x B + c.  Rows of B' make new channels, columns read old ones.
#include <cmath>

#include "engine/graph/flow_rules.h"

namespace pare::engine {
namespace {

constexpr int kWeight = 1;
constexpr int kBias = 2;

bool is_plain(const NodeView& node) {
  const auto near_one = [&](const char* name) {
    return std::abs(float_attribute(node.node, name, 1.0F) - 1.0F) < 1e-12F;
  };
  return int_attribute(node.node, "transA", 0) == 0 && near_one("alpha") && near_one("beta");
}

Result<NodeFlow> flow(const NodeView& node, std::span<const Layout> inputs, ChannelFlow& channels) {
  if (node.constant(kWeight) == nullptr ||
      (node.has_input(kBias) && node.constant(kBias) == nullptr)) {
    return Error{ErrorCode::kUnsupported, "its weights are computed from the image"};
  }
  if (!is_plain(node)) {
    return Error{ErrorCode::kUnsupported, "it has transA, alpha or beta"};
  }
  const Result<std::vector<Symbol>> read =
      channels_along(inputs[0], node.input_shapes[0], 1, channels);
  if (!read) return read.error();

  const bool turned = int_attribute(node.node, "transB", 0) != 0;
  const std::vector<Symbol> made = channels.fresh(node.output_shapes[0][1]);
  NodeFlow result{{Layout{{1}, made}}, {}};
  result.cuts.push_back({kWeight, turned ? 0 : 1, CutRole::kProduces, made});
  result.cuts.push_back({kWeight, turned ? 1 : 0, CutRole::kConsumes, read.value()});
  if (node.has_input(kBias)) {
    const Shape& bias = node.input_shapes[kBias];
    if (!bias.empty() && bias.back() > 1) {
      result.cuts.push_back({kBias, static_cast<int>(bias.size()) - 1, CutRole::kProduces, made});
    }
  }
  return result;
}

std::int64_t macs(const NodeView& node) {
  return element_count(node.output_shapes[0]) * node.input_shapes[0].back();
}

}  // namespace

OpDef op_gemm() {
  return {.onnx_type = "Gemm", .flow = flow, .macs = macs};
}

}  // namespace pare::engine
