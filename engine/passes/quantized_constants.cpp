// Scales and biases that dynamic quantizers leave to the network to put together.
#include <optional>
#include <utility>
#include <vector>

#include "engine/passes/real_values.h"

namespace pare::engine {
namespace {

// What Reshape makes of the shape it is asked for; 0 keeps a dimension, -1 is what is left.
std::optional<Shape> reshaped(const Tensor& tensor, const Tensor& asked) {
  const auto wanted = asked.values<std::int64_t>();
  Shape shape(wanted.begin(), wanted.end());
  std::int64_t known = 1;
  std::int64_t* open = nullptr;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && i < tensor.shape().size()) shape[i] = tensor.shape()[i];
    if (shape[i] == -1 && open == nullptr) {
      open = &shape[i];
    } else if (shape[i] > 0 && shape[i] <= tensor.size()) {
      known *= shape[i];
    } else {
      return std::nullopt;
    }
    if (known > tensor.size()) return std::nullopt;
  }
  if (open != nullptr) *open = tensor.size() / known;
  if (element_count(shape) != tensor.size()) return std::nullopt;
  return shape;
}

}  // namespace

// The scale of a product: that of an input that was quantized while the network ran, which is 1
// now, times that of its weights.
Result<bool> real_of_scale(const Node& node, RealValues& values) {
  if (node.inputs.size() != 2) return false;
  const Tensor* a = values.constant(node.inputs[0]);
  const Tensor* b = values.constant(node.inputs[1]);
  if (a == nullptr || b == nullptr || a->dtype() != DType::kFloat32 || a->dtype() != b->dtype()) {
    return false;
  }
  if (a->size() != 1) std::swap(a, b);
  if (a->size() != 1 || a->shape().size() > b->shape().size()) return false;
  std::vector<float> product(b->values<float>().begin(), b->values<float>().end());
  for (float& value : product) value *= a->values<float>()[0];
  values.becomes(node.outputs[0], Tensor::of<float>(b->shape(), product));
  return true;
}

// A bias that is laid along the channels; else integers that are moved.
Result<bool> real_of_reshape(const Node& node, RealValues& values) {
  const Tensor* tensor = values.constant(node.inputs[0]);
  const Tensor* asked = node.inputs.size() > 1 ? values.constant(node.inputs[1]) : nullptr;
  const bool fits = tensor != nullptr && asked != nullptr && asked->dtype() == DType::kInt64 &&
                    tensor->size() > 0 && int_attribute(node, "allowzero", 0) == 0;
  const auto shape = fits ? reshaped(*tensor, *asked) : std::nullopt;
  if (!shape) return real_of_moved_integers(node, values);
  const auto bytes = tensor->bytes();
  values.becomes(node.outputs[0], Tensor(tensor->dtype(), *shape, {bytes.begin(), bytes.end()}));
  return true;
}

}  // namespace pare::engine
