// Convolutions and matrix products of integers: QLinearConv, QLinearMatMul, QGemm, ConvInteger,
// MatMulInteger, and those of com.microsoft that answer floats.
#include <algorithm>
#include <utility>

#include "engine/passes/real_values.h"

namespace pare::engine {
namespace {

// A bias of integers: on the grid of the products that it is added to.
Result<std::string> bias_of(const Node& node, std::size_t input, const IntegerGrid& x,
                            const IntegerGrid& weights, float factor, RealValues& values) {
  IntegerGrid grid{weights.scale, {}, DType::kInt32};
  for (float& scale : grid.scale) scale *= x.scale.front() * factor;
  grid.zero.assign(grid.scale.size(), 0);
  return values.real(node, input, grid);
}

bool has_input(const Node& node, std::size_t i) {
  return i < node.inputs.size() && !node.inputs[i].empty();
}

// Columns of the second factor have scales of their own.
int column_axis(const Node& node, std::size_t input, const RealValues& values) {
  const Tensor* weights = values.constant(node.inputs[input]);
  return weights == nullptr ? 0 : std::max(0, static_cast<int>(weights->shape().size()) - 1);
}

// Two factors as floats.
struct Factors {
  IntegerGrid x, weights;
  std::vector<std::string> reads;
};

// Inputs: x, its scale and zero point, weights, theirs.
Result<Factors> six_inputs(const Node& node, int axis, RealValues& values) {
  Factors made;
  for (const std::size_t first : {0U, 3U}) {
    auto grid = values.grid(node, first + 1, first + 2);
    if (!grid) return grid.error();
    (first == 0 ? made.x : made.weights) = grid.value();
    const auto real = values.real(node, first, grid.value(), first == 0 ? 0 : axis);
    if (!real) return real.error();
    made.reads.push_back(real.value());
  }
  if (made.x.scale.size() > 1) return not_turned_back(node, "its input has a scale a channel");
  return made;
}

// The integers' own zero points; the sums are in units of the input's step.
Result<std::vector<std::string>> integer_factors(const Node& node, int axis, RealValues& values) {
  const auto* x = values.known(node.inputs[0]);
  if (x == nullptr) {
    return not_turned_back(node, "what its input stands for is not known");
  }
  if (x->grid.scale.size() > 1) return not_turned_back(node, "its input has a scale a channel");
  const auto zero_of = [&](std::size_t input) {
    return has_input(node, input) ? values.constant(node.inputs[input]) : nullptr;
  };
  const Tensor* shift = zero_of(2);
  const auto zero = shift == nullptr ? std::vector<std::int64_t>{0} : integers_of(*shift);
  if ((has_input(node, 2) && shift == nullptr) || zero != x->grid.zero) {
    return not_turned_back(node, "its input has another zero point than it was written with");
  }
  if (has_input(node, 3) && zero_of(3) == nullptr) {
    return not_turned_back(node, "the zero point of its weights is no constant");
  }
  IntegerGrid weights;
  weights.zero = has_input(node, 3) ? integers_of(*zero_of(3)) : std::vector<std::int64_t>{0};
  weights.scale.assign(weights.zero.size(), 1 / x->grid.scale.front());
  const std::string real_x = x->real;
  const auto real_weights = values.real(node, 1, weights, axis);
  if (!real_weights) return real_weights.error();
  return std::vector<std::string>{real_x, real_weights.value()};
}

Result<bool> emit_sums(const Node& node, const char* op, int axis, RealValues& values) {
  auto reads = integer_factors(node, axis, values);
  if (!reads) return reads.error();
  values.count_layer();
  values.emit({node.name, op, "", std::move(reads).value(), node.outputs, node.attributes});
  values.sums(node.outputs[0]);
  return true;
}

// A product that answers floats, with a bias of floats or without.
Result<bool> emit_floats(const Node& node, std::vector<std::string> reads, std::size_t bias,
                         RealValues& values) {
  values.count_layer();
  if (!has_input(node, bias)) {
    values.emit({node.name, "MatMul", "", std::move(reads), node.outputs, {}});
    return true;
  }
  const std::string product = values.fresh(node.outputs[0] + ".product");
  values.emit({node.name, "MatMul", "", std::move(reads), {product}, {}});
  values.emit({product, "Add", "", {product, node.inputs[bias]}, node.outputs, {}});
  return true;
}

}  // namespace

Result<bool> real_of_qlinear_conv(const Node& node, RealValues& values) {
  if (int_attribute(node, "channels_last", 0) != 0) {
    return not_turned_back(node, "its channels are the last dimension");
  }
  auto factors = six_inputs(node, 0, values);
  if (!factors) return factors.error();
  const auto& [x, weights, reads] = factors.value();
  std::vector<std::string> all = reads;
  if (has_input(node, 8)) {
    const auto bias = bias_of(node, 8, x, weights, 1, values);
    if (!bias) return bias.error();
    all.push_back(bias.value());
  }
  values.count_layer();
  return emit_rounded(node, values, "Conv", std::move(all), 6, 7);
}

Result<bool> real_of_qlinear_matmul(const Node& node, RealValues& values) {
  auto factors = six_inputs(node, column_axis(node, 3, values), values);
  if (!factors) return factors.error();
  values.count_layer();
  return emit_rounded(node, values, "MatMul", std::move(factors).value().reads, 6, 7);
}

Result<bool> real_of_qgemm(const Node& node, RealValues& values) {
  const bool turned = int_attribute(node, "transB", 0) != 0;
  auto factors = six_inputs(node, turned ? 0 : 1, values);
  if (!factors) return factors.error();
  const auto& [x, weights, reads] = factors.value();
  std::vector<std::string> all = reads;
  if (has_input(node, 6)) {
    const float alpha = float_attribute(node, "alpha", 1);
    const auto bias = bias_of(node, 6, x, weights, alpha, values);
    if (!bias) return bias.error();
    all.push_back(bias.value());
  }
  values.count_layer();
  if (has_input(node, 7)) return emit_rounded(node, values, "Gemm", std::move(all), 7, 8);
  values.emit({node.name, "Gemm", "", std::move(all), node.outputs, node.attributes});
  return true;
}

Result<bool> real_of_conv_integer(const Node& node, RealValues& values) {
  return emit_sums(node, "Conv", 0, values);
}

Result<bool> real_of_matmul_integer(const Node& node, RealValues& values) {
  return emit_sums(node, "MatMul", column_axis(node, 1, values), values);
}

// com.microsoft: A, B, their scales, their zero points, bias.
Result<bool> real_of_matmul_integer_to_float(const Node& node, RealValues& values) {
  std::vector<std::string> reads;
  for (const std::size_t factor : {0U, 1U}) {
    const auto grid = values.grid(node, factor + 2, factor + 4);
    if (!grid) return grid.error();
    const auto real = values.real(node, factor, grid.value(), column_axis(node, factor, values));
    if (!real) return real.error();
    reads.push_back(real.value());
  }
  return emit_floats(node, std::move(reads), 6, values);
}

// com.microsoft: A of floats, B, its scale and zero point, bias.
Result<bool> real_of_dynamic_quantize_matmul(const Node& node, RealValues& values) {
  const auto grid = values.grid(node, 2, 3);
  if (!grid) return grid.error();
  const auto weights = values.real(node, 1, grid.value(), column_axis(node, 1, values));
  if (!weights) return weights.error();
  return emit_floats(node, {node.inputs[0], weights.value()}, 4, values);
}

}  // namespace pare::engine
