// QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear, and what moves integers or casts
// them.
#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "engine/graph/messages.h"
#include "engine/passes/real_values.h"

namespace pare::engine {
namespace {

constexpr std::int64_t kOnnxFloat = 1;

// Of opset 21: the type where no zero point says it.
DType type_said_by(const Node& node, DType absent) {
  switch (int_attribute(node, "output_dtype", 0)) {
    case 3: return DType::kInt8;
    case 4: return DType::kUint16;
    case 5: return DType::kInt16;
    default: return absent;
  }
}

Tensor one_float(float value) {
  return Tensor::of<float>({}, std::span(&value, 1));
}

}  // namespace

Result<bool> real_of_quantize(const Node& node, RealValues& values) {
  auto read = values.grid(node, 1, 2);
  if (!read) return read.error();
  IntegerGrid grid = std::move(read).value();
  grid.dtype = type_said_by(node, grid.dtype);
  values.stands_for_activation(node.outputs[0], node.inputs[0], grid);
  values.emit(node);  // for an output of integers
  return true;
}

Result<bool> real_of_dequantize(const Node& node, RealValues& values) {
  const auto read = values.grid(node, 1, 2);
  if (!read) return read.error();
  const IntegerGrid& grid = read.value();
  const std::string& integers = node.inputs[0];
  if (values.known(integers) != nullptr) {
    const auto real = values.real(node, 0, grid);
    if (!real) return real.error();
    values.emit({node.name, "Identity", "", {real.value()}, node.outputs, {}});
    return true;
  }
  if (grid.scale.size() > 1) return not_turned_back(node, "its channels have scales of their own");
  // An image of integers, or what was computed with them.
  std::string from = integers;
  if (!values.is_sum(integers)) {
    const std::string floats = values.fresh(integers + ".floats");
    values.emit({floats, "Cast", "", {from}, {floats}, {{"to", kOnnxFloat}}});
    from = floats;
  }
  const std::string shifted = values.fresh(integers + ".shifted");
  const auto zero = static_cast<float>(grid.zero.front());
  values.emit({shifted,
               "Sub",
               "",
               {from, values.add_constant(shifted + ".zero", one_float(zero))},
               {shifted},
               {}});
  values.emit({node.name,
               "Mul",
               "",
               {shifted, values.add_constant(shifted + ".scale", one_float(grid.scale.front()))},
               node.outputs,
               {}});
  return true;
}

// With steps of any size x = scale (q - zero) holds; here q is x itself, the scale 1 and the zero
// point 0, and whoever multiplies by the scale has what it had but for the rounding.
Result<bool> real_of_dynamic_quantize(const Node& node, RealValues& values) {
  if (node.outputs.size() != 3) return not_turned_back(node, "it has not three outputs");
  const std::uint8_t zero = 0;
  values.becomes(node.outputs[1], one_float(1));
  values.becomes(node.outputs[2], Tensor::of<std::uint8_t>({}, std::span(&zero, 1)));
  values.stands_for(node.outputs[0], node.inputs[0], {{1}, {0}, DType::kUint8});
  return true;
}

Result<bool> real_of_moved_integers(const Node& node, RealValues& values) {
  const bool is_concat = node.op == "Concat";
  const auto* first = values.known(node.inputs[0]);
  if (first == nullptr) return false;
  if (node.op == "MaxPool" && node.outputs.size() > 1) {
    return not_turned_back(node, "it says where its maxima stand");
  }
  const RealValues::Known as = *first;
  Node moved = node;
  moved.inputs[0] = as.real;
  for (std::size_t i = 1; is_concat && i < node.inputs.size(); ++i) {
    const auto real = values.real(node, i, as.grid);
    if (!real) return real.error();
    moved.inputs[i] = real.value();
  }
  for (std::string& output : moved.outputs) {
    if (output.empty()) continue;
    const std::string real = values.fresh(output + ".real");
    values.stands_for(std::exchange(output, real), real, as.grid);
  }
  values.emit(std::move(moved));
  return true;
}

Result<bool> real_of_cast(const Node& node, RealValues& values) {
  if (!values.is_sum(node.inputs[0])) return false;
  if (int_attribute(node, "to", 0) != kOnnxFloat) {
    return not_turned_back(node, "it makes no float32 of sums of integers");
  }
  values.emit({node.name, "Identity", "", node.inputs, node.outputs, {}});
  return true;
}

}  // namespace pare::engine
