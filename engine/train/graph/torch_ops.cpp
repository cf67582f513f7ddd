#include "engine/train/graph/torch_ops.h"

#include <algorithm>
#include <limits>
#include <map>

#include "engine/train/graph/torch_call.h"

namespace pare::engine {
namespace {

Out batch_normalization(const TorchCall& c) {
  const double epsilon = float_attribute(c.node, "epsilon", 1e-5F);
  const double momentum = 1.0 - float_attribute(c.node, "momentum", 0.9F);  // torch counts the new
  return {torch::batch_norm(c.inputs[0], c.inputs[1], c.inputs[2], c.inputs[3], c.inputs[4],
                            c.training, momentum, epsilon, false)};
}

Out clip(const TorchCall& c) {
  torch::Tensor x = c.inputs[0];
  const auto bound = [&](std::size_t i, const char* name, float none) {
    return has(c, i) ? c.inputs[i].item<float>() : float_attribute(c.node, name, none);
  };
  return {torch::clamp(x, bound(1, "min", std::numeric_limits<float>::lowest()),
                       bound(2, "max", std::numeric_limits<float>::max()))};
}

Out concat(const TorchCall& c) {
  return {torch::cat(c.inputs, int_attribute(c.node, "axis", 1))};
}

Out split(const TorchCall& c) {
  const std::int64_t axis = int_attribute(c.node, "axis", 0);
  Ints parts = ints_of(c, 1, "split");
  if (parts.empty()) {
    const auto count = static_cast<std::int64_t>(c.node.outputs.size());
    const std::int64_t each = (c.inputs[0].size(axis) + count - 1) / count;
    for (std::int64_t left = c.inputs[0].size(axis); left > 0; left -= each) {
      parts.push_back(std::min(each, left));
    }
  }
  return torch::split_with_sizes(c.inputs[0], parts, axis);
}

Out slice(const TorchCall& c) {
  torch::Tensor x = c.inputs[0];
  const Ints starts = ints_of(c, 1, "starts"), ends = ints_of(c, 2, "ends");
  Ints axes = ints_of(c, 3, "axes");
  const Ints steps = has(c, 4) ? ints_of(c.inputs[4]) : Ints(starts.size(), 1);
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const std::int64_t axis = axes.empty() ? static_cast<std::int64_t>(i) : axes[i];
    TORCH_CHECK(steps[i] > 0, "Slice with step ", steps[i]);
    x = x.slice(axis, starts[i], ends[i], steps[i]);
  }
  return {x};
}

// The graph was made for a batch of 1: a shape that says all sides has room for one image, and as
// many more go into its first side (the groups of a channel shuffle, say, image after image).
Out reshape(const TorchCall& c) {
  const torch::Tensor& x = c.inputs[0];
  Ints shape = ints_of(c.inputs[1]);
  std::int64_t room = 1;  // negative: one side follows from the others
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0) shape[i] = x.size(static_cast<std::int64_t>(i));
    room *= shape[i];
  }
  if (shape.empty()) return {x.reshape(shape)};
  if (room > 0 && x.numel() % room == 0) shape[0] *= x.numel() / room;
  if (room < 0 && shape[0] == 1 && x.dim() > 0) shape[0] = x.size(0);
  return {x.reshape(shape)};
}

Out flatten(const TorchCall& c) {
  const std::int64_t axis = int_attribute(c.node, "axis", 1);
  TORCH_CHECK(axis == 1, "Flatten at axis ", axis);
  return {torch::flatten(c.inputs[0], 1)};
}

// Of whole slices, such as the channels of a shuffle; one index takes the dimension away.
Out gather(const TorchCall& c) {
  const std::int64_t dimensions = c.inputs[1].dim();
  TORCH_CHECK(dimensions <= 1, "Gather by indices of ", dimensions, " dimensions");
  const std::int64_t axis = int_attribute(c.node, "axis", 0);
  const std::int64_t size = c.inputs[0].size(axis);
  Ints places;
  for (const std::int64_t index : ints_of(c.inputs[1])) {
    places.push_back(index < 0 ? index + size : index);
  }
  if (dimensions == 0) return {c.inputs[0].select(axis, places.at(0))};
  return {c.inputs[0].index_select(axis, torch::tensor(places, torch::kInt64))};
}

Out transpose(const TorchCall& c) {
  Ints order = ints_attribute(c.node, "perm", {});
  if (order.empty()) {
    for (std::int64_t i = c.inputs[0].dim() - 1; i >= 0; --i) order.push_back(i);
  }
  return {c.inputs[0].permute(order)};
}

// ONNX has all beginnings before all ends; torch has both of the last dimension first.
Out pad(const TorchCall& c) {
  TORCH_CHECK(string_attribute(c.node, "mode", "constant") == "constant",
              "Pad that is not constant");
  const Ints pads = ints_of(c, 1, "pads");
  const std::size_t dimensions = pads.size() / 2;
  Ints turned;
  for (std::size_t d = dimensions; d-- > 0;) {
    turned.push_back(pads[d]);
    turned.push_back(pads[dimensions + d]);
  }
  const double value =
      has(c, 2) ? c.inputs[2].item<double>() : double{float_attribute(c.node, "value", 0)};
  return {torch::constant_pad_nd(c.inputs[0], turned, value)};
}

Out reduce_mean(const TorchCall& c) {
  return {
      torch::mean(c.inputs[0], ints_of(c, 1, "axes"), int_attribute(c.node, "keepdims", 1) != 0)};
}

Out hard_sigmoid(const TorchCall& c) {
  const double alpha = float_attribute(c.node, "alpha", 0.2F);
  const double beta = float_attribute(c.node, "beta", 0.5F);
  return {torch::clamp(c.inputs[0] * alpha + beta, 0.0, 1.0)};
}

// Of uint8, one scale for the whole tensor.  Both at once are what is trained (schedule.h).
Out quantize_linear(const TorchCall& c) {
  TORCH_CHECK(c.inputs[1].numel() == 1, "QuantizeLinear with ", c.inputs[1].numel(), " scales");
  return {torch::clamp(torch::round(c.inputs[0] / c.inputs[1]) + c.inputs[2], 0, 255)};
}

Out dequantize_linear(const TorchCall& c) {
  TORCH_CHECK(c.inputs[1].numel() == 1, "DequantizeLinear with ", c.inputs[1].numel(), " scales");
  return {(c.inputs[0] - c.inputs[2]) * c.inputs[1]};
}

const std::map<std::string_view, TorchOp>& table() {
  static const std::map<std::string_view, TorchOp> kTable = {
      {"Add", [](const TorchCall& c) -> Out { return {c.inputs[0] + c.inputs[1]}; }},
      {"AveragePool", average_pool},
      {"BatchNormalization", batch_normalization},
      {"Clip", clip},
      {"Concat", concat},
      {"Conv", conv},
      {"DequantizeLinear", dequantize_linear},
      {"Div", [](const TorchCall& c) -> Out { return {c.inputs[0] / c.inputs[1]}; }},
      {"Exp", [](const TorchCall& c) -> Out { return {torch::exp(c.inputs[0])}; }},
      {"Flatten", flatten},
      {"Gather", gather},
      {"GlobalAveragePool",
       [](const TorchCall& c) -> Out {
         return {torch::mean(c.inputs[0], {2, 3}, true)};
       }},
      {"HardSigmoid", hard_sigmoid},
      {"HardSwish", [](const TorchCall& c) -> Out { return {torch::hardswish(c.inputs[0])}; }},
      {"Identity", [](const TorchCall& c) -> Out { return {c.inputs[0]}; }},
      {"LeakyRelu",
       [](const TorchCall& c) -> Out {
         return {torch::leaky_relu(c.inputs[0], float_attribute(c.node, "alpha", 0.01F))};
       }},
      {"MaxPool", max_pool},
      {"Mul", [](const TorchCall& c) -> Out { return {c.inputs[0] * c.inputs[1]}; }},
      {"Pad", pad},
      {"Pow", [](const TorchCall& c) -> Out { return {torch::pow(c.inputs[0], c.inputs[1])}; }},
      {"QuantizeLinear", quantize_linear},
      {"ReduceMean", reduce_mean},
      {"Relu", [](const TorchCall& c) -> Out { return {torch::relu(c.inputs[0])}; }},
      {"Reshape", reshape},
      {"Resize", resize},
      {"Sigmoid", [](const TorchCall& c) -> Out { return {torch::sigmoid(c.inputs[0])}; }},
      {"Slice", slice},
      {"Softmax",
       [](const TorchCall& c) -> Out {
         return {torch::softmax(c.inputs[0], int_attribute(c.node, "axis", -1))};
       }},
      {"Split", split},
      {"Sub", [](const TorchCall& c) -> Out { return {c.inputs[0] - c.inputs[1]}; }},
      {"Tanh", [](const TorchCall& c) -> Out { return {torch::tanh(c.inputs[0])}; }},
      {"Transpose", transpose},
      {"Upsample", resize},
  };
  return kTable;
}

}  // namespace

TorchOp find_torch_op(std::string_view onnx_type) {
  const auto at = table().find(onnx_type);
  return at == table().end() ? nullptr : at->second;
}

}  // namespace pare::engine
