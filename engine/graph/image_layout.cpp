#include "engine/graph/image_layout.h"

#include <utility>

namespace pare::engine {

Shape image_shape(bool channels_last, std::int64_t height, std::int64_t width) {
  return channels_last ? Shape{1, height, width, 3} : Shape{1, 3, height, width};
}

Tensor with_channels_last(const Tensor& image) {
  const Shape& shape = image.shape();
  PARE_CHECK(shape.size() == 4, "an image has four dimensions");
  const auto channels = static_cast<std::size_t>(shape[1]);
  const auto area = static_cast<std::size_t>(shape[2] * shape[3]);
  const std::size_t width = size_of(image.dtype());
  const auto from = image.bytes();
  std::vector<std::byte> bytes(from.size());
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t i = 0; i < area; ++i) {
      std::memcpy(&bytes[(i * channels + c) * width], &from[(c * area + i) * width], width);
    }
  }
  return Tensor(image.dtype(), {shape[0], shape[2], shape[3], shape[1]}, std::move(bytes));
}

}  // namespace pare::engine
