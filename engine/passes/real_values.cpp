#include "engine/passes/real_values.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "engine/graph/convert.h"
#include "engine/graph/messages.h"

namespace pare::engine {
namespace {

std::pair<std::int64_t, std::int64_t> limits_of(DType dtype) {
  switch (dtype) {
    case DType::kInt8: return {-128, 127};
    case DType::kInt16: return {-32768, 32767};
    case DType::kUint16: return {0, 65535};
    case DType::kInt32:
      return {std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()};
    default: return {0, 255};
  }
}

// A range from 0 up, as a Relu leaves it.
bool begins_at_zero(const IntegerGrid& grid) {
  const std::int64_t lowest = limits_of(grid.dtype).first;
  return std::ranges::all_of(grid.zero, [&](std::int64_t zero) { return zero == lowest; });
}

// The range of a Clip to 6, to half a step.
bool ends_at_six(const IntegerGrid& grid) {
  const auto [lowest, highest] = limits_of(grid.dtype);
  const auto steps = static_cast<float>(highest - lowest);
  return std::ranges::all_of(grid.scale, [&](float scale) {
    return std::abs(scale * steps - 6.0F) <= scale / 2 && steps > 0;
  });
}

}  // namespace

Error not_turned_back(const Node& node, const std::string& why) {
  return unsupported(describe(node) + " computes on integers, and " + why +
                     ": give Pare the float model that the file was made from");
}

std::vector<std::int64_t> integers_of(const Tensor& tensor) {
  const Tensor wide = converted(tensor, DType::kInt64);
  const auto values = wide.values<std::int64_t>();
  return {values.begin(), values.end()};
}

Tensor on_grid(const Tensor& integers, const IntegerGrid& grid, int axis) {
  const std::vector<std::int64_t> numbers = integers_of(integers);
  const Shape& shape = integers.shape();
  std::size_t inner = 1;
  for (auto i = static_cast<std::size_t>(axis) + 1; i < shape.size(); ++i) {
    inner *= static_cast<std::size_t>(shape[i]);
  }
  const auto entry = [&](const auto& entries, std::size_t i) {
    return entries[i / inner % entries.size()];
  };
  std::vector<float> values(numbers.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    values[i] = entry(grid.scale, i) * static_cast<float>(numbers[i] - entry(grid.zero, i));
  }
  return Tensor::of<float>(shape, values);
}

const Tensor* RealValues::constant(const std::string& tensor) const {
  const auto found = graph_.constants.find(tensor);
  return found == graph_.constants.end() ? nullptr : &found->second;
}

Result<IntegerGrid> RealValues::grid(const Node& node, std::size_t scale, std::size_t zero) const {
  const Tensor* steps = scale < node.inputs.size() ? constant(node.inputs[scale]) : nullptr;
  const bool has_zero = zero < node.inputs.size() && !node.inputs[zero].empty();
  const Tensor* offset = has_zero ? constant(node.inputs[zero]) : nullptr;
  if (steps == nullptr || !is_float(steps->dtype()) || steps->size() == 0) {
    return not_turned_back(node, "its scale is no constant");
  }
  if (has_zero && (offset == nullptr || is_float(offset->dtype()) || offset->size() == 0)) {
    return not_turned_back(node, "its zero point is no constant of integers");
  }
  const Tensor floats = converted(*steps, DType::kFloat32);
  const auto values = floats.values<float>();
  IntegerGrid grid{{values.begin(), values.end()}, {0}, DType::kUint8};
  if (!std::ranges::all_of(grid.scale, [](float s) { return std::isfinite(s) && s > 0; })) {
    return not_turned_back(node, "its scale is not above 0");
  }
  if (offset != nullptr) grid.zero = integers_of(*offset);
  if (offset != nullptr) grid.dtype = offset->dtype();
  if (grid.zero.size() == 1) grid.zero.resize(grid.scale.size(), grid.zero.front());
  if (grid.zero.size() == grid.scale.size()) return grid;
  return not_turned_back(node, "it has other numbers of scales and of zero points");
}

Result<std::string> RealValues::real(const Node& node, std::size_t input, const IntegerGrid& grid,
                                     int axis) {
  const std::string& integers = node.inputs.at(input);
  if (const Known* found = known(integers)) {
    if (found->grid.scale == grid.scale && found->grid.zero == grid.zero) return found->real;
    return not_turned_back(
        node, "it reads " + in_quotes(integers) + " by another scale than that was written with");
  }
  const Tensor* tensor = constant(integers);
  if (tensor == nullptr || is_float(tensor->dtype())) {
    return not_turned_back(
        node, "what the integers " + in_quotes(integers) + " stand for is not " + "known");
  }
  const bool fits =
      grid.scale.size() == 1 ||
      (std::cmp_less(axis, tensor->shape().size()) &&
       std::cmp_equal(tensor->shape()[static_cast<std::size_t>(axis)], grid.scale.size()));
  if (!fits) return not_turned_back(node, "the scales of its weights do not fit them");
  return add_constant(integers + ".real", on_grid(*tensor, grid, axis));
}

const RealValues::Known* RealValues::known(const std::string& integers) const {
  const auto found = known_.find(integers);
  return found == known_.end() ? nullptr : &found->second;
}

void RealValues::stands_for(const std::string& integers, const std::string& real,
                            const IntegerGrid& grid) {
  known_[integers] = {real, grid};
}

void RealValues::stands_for_activation(const std::string& integers, const std::string& real,
                                       const IntegerGrid& grid) {
  if (!begins_at_zero(grid) || !may_have_lost_its_relu(real)) {
    return stands_for(integers, real, grid);
  }
  const std::string kept = fresh(integers + ".activation");
  Node node{kept, "Relu", "", {real}, {kept}, {}};
  if (ends_at_six(grid)) {
    node.op = "Clip";
    const float low = 0, high = 6;
    if (graph_.opset < 11) {
      node.attributes = {{"min", low}, {"max", high}};
    } else {
      node.inputs.push_back(add_constant(kept + ".min", Tensor::of<float>({}, std::span(&low, 1))));
      node.inputs.push_back(
          add_constant(kept + ".max", Tensor::of<float>({}, std::span(&high, 1))));
    }
  }
  emit(std::move(node));
  stands_for(integers, kept, grid);
}

// Nodes are few thousands and the makers of what is asked for near the end.
const Node* RealValues::maker(const std::string& tensor) const {
  const auto found = std::find_if(nodes_.rbegin(), nodes_.rend(), [&](const Node& node) {
    return std::ranges::find(node.outputs, tensor) != node.outputs.end();
  });
  return found == nodes_.rend() ? nullptr : &*found;
}

// In a decode tail a range from 0 says nothing; behind a layer, or a residual sum, it does.
bool RealValues::may_have_lost_its_relu(const std::string& tensor) const {
  constexpr std::array<std::string_view, 5> kLayers = {"Conv", "ConvTranspose", "Gemm", "MatMul",
                                                       "BatchNormalization"};
  const Node* node = maker(tensor);
  while (node != nullptr && node->op == "Identity") node = maker(node->inputs[0]);
  if (node == nullptr || !node->domain.empty()) return false;
  if (std::ranges::find(kLayers, node->op) != kLayers.end()) return true;
  return node->op == "Add" && std::ranges::all_of(node->inputs, [&](const std::string& input) {
           return constant(input) == nullptr;
         });
}

std::string RealValues::add_constant(const std::string& wanted, Tensor tensor) {
  std::string name = fresh(wanted);
  graph_.constants.emplace(name, std::move(tensor));
  return name;
}

Graph RealValues::finish() && {
  graph_.nodes = std::move(nodes_);
  return std::move(graph_);
}

}  // namespace pare::engine
