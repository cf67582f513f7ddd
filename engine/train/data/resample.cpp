#include "engine/train/data/resample.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace pare::engine {
namespace {

// The weights of the four pixels around a place.
struct Place {
  std::size_t first = 0, below = 0, right = 0;
  float x = 0, y = 0;
};

bool find_place(const Image& image, float x, float y, Place& place) {
  const auto width = static_cast<float>(image.width), height = static_cast<float>(image.height);
  if (!(x > -0.5F && y > -0.5F && x < width - 0.5F && y < height - 0.5F)) return false;
  x = std::clamp(x, 0.0F, width - 1);
  y = std::clamp(y, 0.0F, height - 1);
  const int left = std::min(static_cast<int>(x), image.width - 1);
  const int top = std::min(static_cast<int>(y), image.height - 1);
  place.first = static_cast<std::size_t>(3 * (top * image.width + left));
  place.below = top + 1 < image.height ? static_cast<std::size_t>(3 * image.width) : 0;
  place.right = left + 1 < image.width ? 3 : 0;
  place.x = x - static_cast<float>(left);
  place.y = y - static_cast<float>(top);
  return true;
}

float value_at(const Image& image, const Place& p, std::size_t channel) {
  const std::uint8_t* const at = &image.bgr[p.first + channel];
  const float upper = static_cast<float>(at[0]) * (1 - p.x) + static_cast<float>(at[p.right]) * p.x;
  const float lower =
      static_cast<float>(at[p.below]) * (1 - p.x) + static_cast<float>(at[p.below + p.right]) * p.x;
  return upper * (1 - p.y) + lower * p.y;
}

}  // namespace

void draw(const Image& image, const Tile& tile, Canvas& canvas) {
  const auto& [a, b, c, d, e, f] = tile.from;
  for (int y = tile.top; y < tile.bottom; ++y) {
    for (int x = tile.left; x < tile.right; ++x) {
      const auto dx = static_cast<float>(x - tile.left), dy = static_cast<float>(y - tile.top);
      Place place;
      if (!find_place(image, a * dx + b * dy + c, d * dx + e * dy + f, place)) continue;
      const auto to = static_cast<std::size_t>(y * canvas.width + x);
      for (std::size_t channel = 0; channel < 3; ++channel) {
        canvas.planes[channel * canvas.plane() + to] = value_at(image, place, channel);
      }
    }
  }
}

Image at_most(Image image, int longest) {
  const int side = std::max(image.height, image.width);
  if (side <= longest) return image;
  const float scale = static_cast<float>(side) / static_cast<float>(longest);
  Image smaller;
  smaller.height = std::max(1, static_cast<int>(static_cast<float>(image.height) / scale));
  smaller.width = std::max(1, static_cast<int>(static_cast<float>(image.width) / scale));
  Canvas canvas(smaller.height, smaller.width, 0);
  const float half = (scale - 1) / 2;
  draw(image, {0, 0, smaller.width, smaller.height, {scale, 0, half, 0, scale, half}}, canvas);
  smaller.bgr.resize(canvas.planes.size());
  for (std::size_t i = 0; i < canvas.plane(); ++i) {
    for (std::size_t channel = 0; channel < 3; ++channel) {
      smaller.bgr[3 * i + channel] =
          static_cast<std::uint8_t>(std::lround(canvas.planes[channel * canvas.plane() + i]));
    }
  }
  return smaller;
}

}  // namespace pare::engine
