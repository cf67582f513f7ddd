#include <algorithm>
#include <limits>
#include <string>

#include "engine/train/graph/torch_call.h"

namespace pare::engine {
namespace {

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

// A 1x1 convolution of a map whose channels lie last is a matrix product: the same numbers, a tenth
// to a third sooner, forward and back (ADR 31).
torch::Tensor pointwise(const torch::Tensor& x, const torch::Tensor& w, const torch::Tensor& bias) {
  const torch::Tensor rows = x.permute({0, 2, 3, 1}).reshape({-1, x.size(1)});
  const torch::Tensor columns = w.reshape({w.size(0), -1}).t();
  const torch::Tensor made =
      bias.defined() ? torch::addmm(bias, rows, columns) : torch::mm(rows, columns);
  return made.view({x.size(0), x.size(2), x.size(3), w.size(0)}).permute({0, 3, 1, 2});
}

}  // namespace

Out conv(const TorchCall& c) {
  const torch::Tensor& w = c.inputs[1];
  const Ints strides = ints_attribute(c.node, "strides", {1, 1});
  const Ints dilations = ints_attribute(c.node, "dilations", {1, 1});
  const Ints pads =
      pads_of(c, (w.size(2) - 1) * dilations[0] + 1, (w.size(3) - 1) * dilations[1] + 1, strides);
  const std::int64_t groups = int_attribute(c.node, "group", 1);
  const bool is_pointwise = w.size(2) == 1 && w.size(3) == 1 && groups == 1 &&
                            strides == Ints{1, 1} && pads == Ints{0, 0, 0, 0};
  if (is_pointwise && c.inputs[0].is_contiguous(at::MemoryFormat::ChannelsLast)) {
    return {pointwise(c.inputs[0], w, optional_input(c, 2))};
  }
  // oneDNN 2.6.3 writes past the gradient of a strided 1x1 kernel on three channels.
  if (w.size(2) == 1 && w.size(3) == 1 && groups == 1 && strides != Ints{1, 1} &&
      pads == Ints{0, 0, 0, 0}) {
    const torch::Tensor seen = c.inputs[0].slice(2, 0, c10::nullopt, strides[0]);
    return {pointwise(seen.slice(3, 0, c10::nullopt, strides[1]), w, optional_input(c, 2))};
  }
  if (symmetric(pads)) {
    return {torch::conv2d(c.inputs[0], w, optional_input(c, 2), strides, {pads[0], pads[1]},
                          dilations, groups)};
  }
  return {torch::conv2d(padded(c.inputs[0], pads, 0), w, optional_input(c, 2), strides, Ints{0, 0},
                        dilations, groups)};
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

}  // namespace pare::engine
