// Where height, width and channels of an image tensor stand: (1, 3, height, width), or, as exports
// from TensorFlow have it, (1, height, width, 3).  Pure functions, any thread.
#pragma once

#include <cstdint>

#include "engine/graph/tensor.h"

namespace pare::engine {

// Of a shape of four dimensions; 0 is one that is open.
constexpr bool has_channels_last(std::int64_t second, std::int64_t last) noexcept {
  return last == 3 && second != 3;
}
inline bool has_channels_last(const Shape& shape) {
  return shape.size() == 4 && has_channels_last(shape[1], shape[3]);
}

Shape image_shape(bool channels_last, std::int64_t height, std::int64_t width);

// (1, 3, height, width) as (1, height, width, 3).  REQUIRES: four dimensions.  Linear.
Tensor with_channels_last(const Tensor& image);

}  // namespace pare::engine
