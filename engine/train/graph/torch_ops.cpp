#include "engine/train/torch_ops.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace pare::engine {
namespace {

using Ints = std::vector<std::int64_t>;
using Out = std::vector<torch::Tensor>;
namespace F = torch::nn::functional;

bool has(const TorchCall& c, std::size_t i) {
  return i < c.inputs.size() && c.inputs[i].defined();
}

torch::Tensor optional_input(const TorchCall& c, std::size_t i) {
  return has(c, i) ? c.inputs[i] : torch::Tensor();
}

Ints ints_of(const torch::Tensor& t) {
  const torch::Tensor flat = t.to(torch::kCPU, torch::kInt64).contiguous().view({-1});
  return {flat.data_ptr<std::int64_t>(), flat.data_ptr<std::int64_t>() + flat.numel()};
}

// ONNX moved many attributes to inputs over the opsets: whichever is there.
Ints ints_of(const TorchCall& c, std::size_t input, const char* attribute) {
  return has(c, input) ? ints_of(c.inputs[input]) : ints_attribute(c.node, attribute, {});
}

// (top, left, bottom, right) as ONNX has them, to what torch::constant_pad_nd wants.
Ints pads_of(const TorchCall& c, std::int64_t kernel_h, std::int64_t kernel_w,
             const Ints& strides) {
  const std::string automatic = string_attribute(c.node, "auto_pad", "NOTSET");
  if (automatic == "NOTSET" || automatic == "VALID") {
    return ints_attribute(c.node, "pads", {0, 0, 0, 0});
  }
  Ints pads(4);
  const Ints kernel{kernel_h, kernel_w};
  for (std::size_t i = 0; i < 2; ++i) {
    const std::int64_t size = c.inputs[0].size(static_cast<std::int64_t>(i) + 2);
    const std::int64_t steps = (size + strides[i] - 1) / strides[i];
    const std::int64_t total =
        std::max<std::int64_t>(0, (steps - 1) * strides[i] + kernel[i] - size);
    pads[i] = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
    pads[i + 2] = total - pads[i];
  }
  return pads;
}

bool symmetric(const Ints& pads) {
  return pads[0] == pads[2] && pads[1] == pads[3];
}

torch::Tensor padded(const torch::Tensor& x, const Ints& pads, double value) {
  return torch::constant_pad_nd(x, {pads[1], pads[3], pads[0], pads[2]}, value);
}

Out conv(const TorchCall& c) {
  const torch::Tensor& w = c.inputs[1];
  const Ints strides = ints_attribute(c.node, "strides", {1, 1});
  const Ints dilations = ints_attribute(c.node, "dilations", {1, 1});
  const Ints pads =
      pads_of(c, (w.size(2) - 1) * dilations[0] + 1, (w.size(3) - 1) * dilations[1] + 1, strides);
  const std::int64_t groups = int_attribute(c.node, "group", 1);
  if (symmetric(pads)) {
    return {torch::conv2d(c.inputs[0], w, optional_input(c, 2), strides, {pads[0], pads[1]},
                          dilations, groups)};
  }
  return {torch::conv2d(padded(c.inputs[0], pads, 0), w, optional_input(c, 2), strides, Ints{0, 0},
                        dilations, groups)};
}

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

Out max_pool(const TorchCall& c) {
  const Ints kernel = ints_attribute(c.node, "kernel_shape", {1, 1});
  const Ints strides = ints_attribute(c.node, "strides", {1, 1});
  const Ints pads = pads_of(c, kernel[0], kernel[1], strides);
  const bool ceil = int_attribute(c.node, "ceil_mode", 0) != 0;
  const Ints dilations = ints_attribute(c.node, "dilations", {1, 1});
  if (symmetric(pads) && 2 * pads[0] <= kernel[0] && 2 * pads[1] <= kernel[1]) {
    return {torch::max_pool2d(c.inputs[0], kernel, strides, {pads[0], pads[1]}, dilations, ceil)};
  }
  const torch::Tensor x = padded(c.inputs[0], pads, std::numeric_limits<float>::lowest());
  return {torch::max_pool2d(x, kernel, strides, {0, 0}, dilations, ceil)};
}

Out average_pool(const TorchCall& c) {
  const Ints kernel = ints_attribute(c.node, "kernel_shape", {1, 1});
  const Ints strides = ints_attribute(c.node, "strides", {1, 1});
  const Ints pads = pads_of(c, kernel[0], kernel[1], strides);
  TORCH_CHECK(symmetric(pads), "average pooling with uneven padding");
  return {torch::avg_pool2d(c.inputs[0], kernel, strides, {pads[0], pads[1]},
                            int_attribute(c.node, "ceil_mode", 0) != 0,
                            int_attribute(c.node, "count_include_pad", 0) != 0)};
}

Out resize(const TorchCall& c) {
  const std::size_t scales_at = c.node.op == "Upsample" ? 1 : 2;
  Ints size{c.inputs[0].size(2), c.inputs[0].size(3)};
  if (has(c, scales_at) && c.inputs[scales_at].numel() == 4) {
    const torch::Tensor scales = c.inputs[scales_at].to(torch::kCPU, torch::kFloat64);
    for (std::int64_t i = 0; i < 2; ++i) {
      auto& side = size[static_cast<std::size_t>(i)];
      side = static_cast<std::int64_t>(static_cast<double>(side) * scales[i + 2].item<double>());
    }
  } else {
    TORCH_CHECK(has(c, 3), "Resize without scales and sizes");
    const Ints sizes = ints_of(c.inputs[3]);
    size = {sizes.at(2), sizes.at(3)};
  }
  const std::string mode = string_attribute(c.node, "mode", "nearest");
  const std::string grid = string_attribute(c.node, "coordinate_transformation_mode",
                                            c.node.op == "Upsample" ? "asymmetric" : "half_pixel");
  if (mode == "nearest") {
    // At whole factors every rounding that ONNX knows for these grids repeats each pixel.
    TORCH_CHECK(size[0] % c.inputs[0].size(2) == 0 && size[1] % c.inputs[0].size(3) == 0,
                "nearest Resize by a factor that is not whole");
    return {torch::upsample_nearest2d(c.inputs[0], size)};
  }
  TORCH_CHECK(mode == "linear", "Resize mode ", mode);
  TORCH_CHECK(grid == "align_corners" || grid == "half_pixel" || grid == "pytorch_half_pixel",
              "linear Resize on the grid ", grid);
  return {torch::upsample_bilinear2d(c.inputs[0], size, grid == "align_corners")};
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

// The graph was made for a batch of 1; a leading 1 in a shape is the batch.
Out reshape(const TorchCall& c) {
  const torch::Tensor& x = c.inputs[0];
  Ints shape = ints_of(c.inputs[1]);
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0) shape[i] = x.size(static_cast<std::int64_t>(i));
  }
  if (!shape.empty() && shape[0] == 1 && x.dim() > 0) shape[0] = x.size(0);
  return {x.reshape(shape)};
}

Out flatten(const TorchCall& c) {
  const std::int64_t axis = int_attribute(c.node, "axis", 1);
  TORCH_CHECK(axis == 1, "Flatten at axis ", axis);
  return {torch::flatten(c.inputs[0], 1)};
}

Out transpose(const TorchCall& c) {
  Ints order = ints_attribute(c.node, "perm", {});
  if (order.empty()) {
    for (std::int64_t i = c.inputs[0].dim() - 1; i >= 0; --i) order.push_back(i);
  }
  return {c.inputs[0].permute(order)};
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

const std::map<std::string_view, TorchOp>& table() {
  static const std::map<std::string_view, TorchOp> kTable = {
      {"Add", [](const TorchCall& c) -> Out { return {c.inputs[0] + c.inputs[1]}; }},
      {"AveragePool", average_pool},
      {"BatchNormalization", batch_normalization},
      {"Clip", clip},
      {"Concat", concat},
      {"Conv", conv},
      {"Div", [](const TorchCall& c) -> Out { return {c.inputs[0] / c.inputs[1]}; }},
      {"Exp", [](const TorchCall& c) -> Out { return {torch::exp(c.inputs[0])}; }},
      {"Flatten", flatten},
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
      {"Pow", [](const TorchCall& c) -> Out { return {torch::pow(c.inputs[0], c.inputs[1])}; }},
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
