#include "engine/graph/conv_window.h"

#include <algorithm>

namespace pare::engine {
namespace {

// Padding in front along one dimension.
std::int64_t leading_pad(const Node& node, std::size_t d, std::int64_t in, std::int64_t out,
                         std::int64_t kernel, std::int64_t stride, std::int64_t dilation) {
  const std::string automatic = string_attribute(node, "auto_pad", "NOTSET");
  if (automatic == "VALID") return 0;
  if (automatic == "NOTSET" || automatic.empty()) {
    return ints_attribute(node, "pads", {0, 0, 0, 0})[d];
  }
  const std::int64_t reach = (kernel - 1) * dilation + 1;
  const std::int64_t total = std::max<std::int64_t>(0, (out - 1) * stride + reach - in);
  return automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
}

}  // namespace

Result<ConvWindow> window_of(const Node& node, const Shape& input, const Shape& weight,
                             const Shape& output) {
  if (input.size() != 4 || weight.size() != 4 || output.size() != 4) {
    return Error{ErrorCode::kUnsupported, "convolution " + node.name + " on " + to_string(input) +
                                              " is not two-dimensional"};
  }
  const std::vector<std::int64_t> strides = ints_attribute(node, "strides", {1, 1});
  const std::vector<std::int64_t> dilations = ints_attribute(node, "dilations", {1, 1});
  ConvWindow w{input[1],   input[2],   input[3],     output[2],    output[3], weight[2], weight[3],
               strides[0], strides[1], dilations[0], dilations[1], 0,         0};
  w.top =
      leading_pad(node, 0, w.in_height, w.out_height, w.kernel_height, w.stride_y, w.dilation_y);
  w.left = leading_pad(node, 1, w.in_width, w.out_width, w.kernel_width, w.stride_x, w.dilation_x);
  return w;
}

void copy_column(const ConvWindow& w, std::span<const float> image, std::int64_t position,
                 std::span<float> column) {
  const std::int64_t y0 = position / w.out_width * w.stride_y - w.top;
  const std::int64_t x0 = position % w.out_width * w.stride_x - w.left;
  std::size_t at = 0;
  for (std::int64_t c = 0; c < w.channels; ++c) {
    for (std::int64_t ky = 0; ky < w.kernel_height; ++ky) {
      const std::int64_t y = y0 + ky * w.dilation_y;
      for (std::int64_t kx = 0; kx < w.kernel_width; ++kx) {
        const std::int64_t x = x0 + kx * w.dilation_x;
        const bool inside = y >= 0 && y < w.in_height && x >= 0 && x < w.in_width;
        column[at++] =
            inside ? image[static_cast<std::size_t>((c * w.in_height + y) * w.in_width + x)] : 0.0F;
      }
    }
  }
}

}  // namespace pare::engine
