// Einsum of two operands: sums of products, dimension by dimension as the equation has them.
#include <algorithm>

#include "engine/graph/flow_rules.h"
#include "engine/graph/product_flow.h"

namespace pare::engine {
namespace {

bool are_letters_once(const std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool letter = (text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z');
    if (!letter || text.find(text[i], i + 1) != std::string::npos) return false;
  }
  return true;
}

Result<ProductLetters> letters_of(const NodeView& node) {
  std::string equation = string_attribute(node.node, "equation", "");
  std::erase(equation, ' ');
  const auto comma = equation.find(','), arrow = equation.find("->");
  const Error refused{ErrorCode::kUnsupported,
                      "the equation " + equation + " is not that of a sum of products of two"};
  if (node.node.inputs.size() != 2 || comma == std::string::npos || arrow == std::string::npos ||
      comma > arrow) {
    return refused;
  }
  const ProductLetters letters{
      {equation.substr(0, comma), equation.substr(comma + 1, arrow - comma - 1)},
      equation.substr(arrow + 2)};
  for (std::size_t i = 0; i < 2; ++i) {
    if (!are_letters_once(letters.operands[i]) ||
        letters.operands[i].size() != node.input_shapes[i].size()) {
      return refused;
    }
  }
  const std::string all = letters.operands[0] + letters.operands[1];
  const bool made_of_them =
      std::ranges::all_of(letters.output, [&](char c) { return all.find(c) != std::string::npos; });
  if (!are_letters_once(letters.output) || !made_of_them) return refused;
  return letters;
}

Result<NodeFlow> flow(const NodeView& node, std::span<const Layout> inputs, ChannelFlow& flow) {
  const Result<ProductLetters> letters = letters_of(node);
  if (!letters) return letters.error();
  return product(node, inputs, letters.value(), flow);
}

// Every combination of the letters.
std::int64_t macs(const NodeView& node) {
  const Result<ProductLetters> letters = letters_of(node);
  if (!letters) return 0;
  std::int64_t count = element_count(node.output_shapes[0]);
  std::string counted = letters.value().output;
  for (std::size_t i = 0; i < 2; ++i) {
    for (std::size_t d = 0; d < node.input_shapes[i].size(); ++d) {
      const char letter = letters.value().operands[i][d];
      if (counted.find(letter) != std::string::npos) continue;
      counted += letter;
      count *= node.input_shapes[i][d];
    }
  }
  return count;
}

}  // namespace

OpDef op_einsum() {
  return {.onnx_type = "Einsum", .flow = flow, .macs = macs};
}

}  // namespace pare::engine
