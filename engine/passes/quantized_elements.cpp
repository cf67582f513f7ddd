// The operators of com.microsoft that compute on integers element by element, pool them or join
// them.
#include <array>
#include <string_view>
#include <utility>

#include "engine/passes/real_values.h"

namespace pare::engine {
namespace {

// QLinearAdd is Add.
std::string without_prefix(const Node& node) {
  return node.op.substr(std::string_view("QLinear").size());
}

Result<std::string> read_of(const Node& node, std::size_t input, RealValues& values) {
  const auto grid = values.grid(node, input + 1, input + 2);
  if (!grid) return grid.error();
  return values.real(node, input, grid.value());
}

}  // namespace

Result<bool> emit_rounded(const Node& node, RealValues& values, const std::string& op,
                          std::vector<std::string> reads, std::size_t scale, std::size_t zero) {
  const auto grid = values.grid(node, scale, zero);
  if (!grid) return grid.error();
  const std::string& integers = node.outputs[0];
  const std::string real = values.fresh(integers + ".real");
  Node made{node.name, op, "", std::move(reads), {real}, node.attributes};
  made.attributes.erase("channels_last");
  made.attributes.erase("opset");
  values.emit(std::move(made));
  values.stands_for_activation(integers, real, grid.value());
  // For an output of integers.
  std::vector<std::string> rounds = {real, node.inputs[scale]};
  if (zero < node.inputs.size()) rounds.push_back(node.inputs[zero]);
  values.emit({values.fresh(node.name + ".rounded"),
               "QuantizeLinear",
               "",
               std::move(rounds),
               node.outputs,
               {}});
  return true;
}

Result<bool> real_of_qlinear_binary(const Node& node, RealValues& values) {
  std::vector<std::string> reads;
  for (const std::size_t input : {0U, 3U}) {
    const auto real = read_of(node, input, values);
    if (!real) return real.error();
    reads.push_back(real.value());
  }
  return emit_rounded(node, values, without_prefix(node), std::move(reads), 6, 7);
}

Result<bool> real_of_qlinear_unary(const Node& node, RealValues& values) {
  if (int_attribute(node, "channels_last", 0) != 0) {
    return not_turned_back(node, "its channels are the last dimension");
  }
  // Softmax has another meaning before opset 13.
  const std::int64_t opset = int_attribute(node, "opset", 0);
  if (opset != 0 && (opset < 13) != (values.graph().opset < 13)) {
    return not_turned_back(node, "it is of another opset than the file");
  }
  const auto real = read_of(node, 0, values);
  if (!real) return real.error();
  return emit_rounded(node, values, without_prefix(node), {real.value()}, 3, 4);
}

// The output's scale and zero point, then an input with its own, each.
Result<bool> real_of_qlinear_concat(const Node& node, RealValues& values) {
  std::vector<std::string> reads;
  for (std::size_t input = 2; input + 2 < node.inputs.size(); input += 3) {
    const auto real = read_of(node, input, values);
    if (!real) return real.error();
    reads.push_back(real.value());
  }
  return emit_rounded(node, values, "Concat", std::move(reads), 0, 1);
}

}  // namespace pare::engine
