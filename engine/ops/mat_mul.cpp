// MatMul: what the last dimension of one and the last but one of the other hold is summed over; a
// constant matrix makes new channels.
#include "engine/graph/flow_rules.h"
#include "engine/graph/product_flow.h"

namespace pare::engine {
namespace {

// Batch dimensions are counted from behind, as they are broadcast.
Result<ProductLetters> letters_of(const NodeView& node) {
  const std::size_t a = node.input_shapes[0].size(), b = node.input_shapes[1].size();
  constexpr std::size_t kMostBatches = 20;
  if (a == 0 || b == 0 || std::max(a, b) > kMostBatches) {
    return Error{ErrorCode::kInvalidArgument, "it multiplies " + to_string(node.input_shapes[0]) +
                                                  " by " + to_string(node.input_shapes[1])};
  }
  std::string batches;
  for (std::size_t d = std::max(a, b); d-- > 2;) batches += static_cast<char>('a' + d);
  const auto last = [&](std::size_t rank) {
    return rank < 3 ? std::string() : batches.substr(batches.size() - (rank - 2));
  };
  ProductLetters letters;
  letters.operands[0] = last(a) + (a > 1 ? "MK" : "K");
  letters.operands[1] = last(b) + (b > 1 ? "KN" : "K");
  letters.output = batches + (a > 1 ? "M" : "") + (b > 1 ? "N" : "");
  return letters;
}

Result<NodeFlow> flow(const NodeView& node, std::span<const Layout> inputs, ChannelFlow& flow) {
  const Result<ProductLetters> letters = letters_of(node);
  if (!letters) return letters.error();
  return product(node, inputs, letters.value(), flow);
}

std::int64_t macs(const NodeView& node) {
  return element_count(node.output_shapes[0]) * node.input_shapes[0].back();
}

}  // namespace

OpDef op_mat_mul() {
  return {.onnx_type = "MatMul", .flow = flow, .macs = macs};
}

}  // namespace pare::engine
