// The window of a convolution, and the columns that it sees.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/graph/graph.h"

namespace pare::engine {

// Of a two-dimensional Conv.  Pads are explicit, whatever auto_pad said.
struct ConvWindow {
  std::int64_t channels = 0, in_height = 0, in_width = 0;  // of the input
  std::int64_t out_height = 0, out_width = 0;
  std::int64_t kernel_height = 1, kernel_width = 1;
  std::int64_t stride_y = 1, stride_x = 1;
  std::int64_t dilation_y = 1, dilation_x = 1;
  std::int64_t top = 0, left = 0;  // padding
  friend auto operator<=>(const ConvWindow&, const ConvWindow&) = default;

  std::int64_t column_size() const { return channels * kernel_height * kernel_width; }
  std::int64_t positions() const { return out_height * out_width; }
};

// Fails with kUnsupported if the convolution is not two-dimensional.
// REQUIRES: `input`, `weight` and `output` are the node's observed shapes.
Result<ConvWindow> window_of(const Node& node, const Shape& input, const Shape& weight,
                             const Shape& output);

// What output position `position` (row-major) reads, in the order of the weights: channel, row,
// column; zeros where it reaches over the edge.  `image` is one CxHxW map.
// REQUIRES: sizes fit.
void copy_column(const ConvWindow& window, std::span<const float> image, std::int64_t position,
                 std::span<float> column);

}  // namespace pare::engine
