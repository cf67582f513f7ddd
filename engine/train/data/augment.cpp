#include "engine/train/data/augment.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "engine/train/data/resample.h"

namespace pare::engine {
namespace {

constexpr double kMixed = 0.4;
constexpr double kBlurred = 0.15;
constexpr double kLeastZoom = 0.5, kMostZoom = 3.5;
constexpr double kMostTurn = 10.0 / 180 * std::numbers::pi;

// Pixels of the image for each pixel of the input when the detector is deployed.
double deployed_scale(const Image& image, const InputForm& form) {
  return std::max(static_cast<double>(image.height) / form.height,
                  static_cast<double>(image.width) / form.width);
}

// From the pixels of a tile to those of the image.
Affine draw_affine(const Image& image, const InputForm& form, int width, int height,
                   KeyedRandom& random) {
  const double zoom = std::exp(random.between(std::log(kLeastZoom), std::log(kMostZoom)));
  const double scale = deployed_scale(image, form) / zoom;
  const double aspect = std::exp(random.between(-0.15, 0.15));
  const double turn = random.chance(0.3) ? random.between(-kMostTurn, kMostTurn) : 0;
  const double flip = random.chance(0.5) ? -1 : 1;
  const double sx = flip * scale * aspect, sy = scale / aspect;
  const double a = sx * std::cos(turn), b = -sy * std::sin(turn);
  const double d = sx * std::sin(turn), e = sy * std::cos(turn);
  // Some place of the image in the middle of the tile: where the tile is smaller, one that fills
  // it.
  const auto middle = [&](int size, double reach) {
    const double half = std::min(reach, size / 2.0);
    return random.between(half, size - half);
  };
  const double x = middle(image.width, scale * width / 2);
  const double y = middle(image.height, scale * height / 2);
  const auto offset = [&](double middle_at, double p, double q) {
    return static_cast<float>(middle_at - p * width / 2 - q * height / 2);
  };
  return {static_cast<float>(a), static_cast<float>(b), offset(x, a, b),
          static_cast<float>(d), static_cast<float>(e), offset(y, d, e)};
}

// Where the edges between tiles lie.
std::vector<int> edges(int size, int tiles, KeyedRandom& random) {
  std::vector<int> at{0};
  for (int t = 1; t < tiles; ++t) {
    const double even = static_cast<double>(size) * t / tiles;
    const double free = 0.5 * size / tiles;
    at.push_back(static_cast<int>(even + random.between(-free, free) * 0.8));
  }
  at.push_back(size);
  return at;
}

Canvas mosaic(std::span<const Image> images, const InputForm& form, KeyedRandom& random) {
  Canvas canvas(form.height, form.width, static_cast<float>(form.preprocessing.pad_value));
  const double kind = random.unit();
  const int tiles = kind < 0.5 ? 1 : kind < 0.85 ? 2 : 3;  // a side
  const std::vector<int> rows = edges(form.height, tiles, random);
  const std::vector<int> columns = edges(form.width, tiles, random);
  for (int r = 0; r < tiles; ++r) {
    for (int c = 0; c < tiles; ++c) {
      const Image& image = images[random.below(images.size())];
      Tile tile{columns[static_cast<std::size_t>(c)],
                rows[static_cast<std::size_t>(r)],
                columns[static_cast<std::size_t>(c) + 1],
                rows[static_cast<std::size_t>(r) + 1],
                {}};
      tile.from = draw_affine(image, form, tile.right - tile.left, tile.bottom - tile.top, random);
      draw(image, tile, canvas);
    }
  }
  return canvas;
}

void change_colours(Canvas& canvas, KeyedRandom& random) {
  const double gain = random.between(0.7, 1.3), saturation = random.between(0.6, 1.4);
  std::array<float, 3> gains{};
  for (float& g : gains) g = static_cast<float>(gain * random.between(0.9, 1.1));
  const auto keep = static_cast<float>(saturation);
  const std::size_t plane = canvas.plane();
  for (std::size_t i = 0; i < plane; ++i) {
    const float grey =
        (canvas.planes[i] + canvas.planes[plane + i] + canvas.planes[2 * plane + i]) / 3;
    for (std::size_t c = 0; c < 3; ++c) {
      float& value = canvas.planes[c * plane + i];
      value = std::clamp(gains[c] * (grey + keep * (value - grey)), 0.0F, 255.0F);
    }
  }
}

// Three in a row, along `step`.
void blur_along(std::vector<float>& values, std::size_t step) {
  const std::vector<float> before = values;
  for (std::size_t i = step; i + step < values.size(); ++i) {
    values[i] = (before[i - step] + before[i] + before[i + step]) / 3;
  }
}

void mix(const Canvas& other, float share, Canvas& canvas) {
  for (std::size_t i = 0; i < canvas.planes.size(); ++i) {
    canvas.planes[i] += share * (other.planes[i] - canvas.planes[i]);
  }
}

std::vector<float> as_input(const Canvas& canvas, const Preprocessing& form) {
  std::vector<float> input(canvas.planes.size());
  const std::size_t plane = canvas.plane();
  for (std::size_t c = 0; c < 3; ++c) {
    const float* const from = &canvas.planes[(form.rgb ? 2 - c : c) * plane];
    const auto mean = static_cast<float>(form.mean[c]);
    const auto scale = static_cast<float>(1 / form.std[c]);
    for (std::size_t i = 0; i < plane; ++i) input[c * plane + i] = (from[i] - mean) * scale;
  }
  return input;
}

}  // namespace

std::vector<float> augmented(std::span<const Image> images, const InputForm& form,
                             KeyedRandom random) {
  Canvas canvas = mosaic(images, form, random);
  if (random.chance(kMixed)) {
    const Canvas other = mosaic(images, form, random);
    mix(other, static_cast<float>(random.between(0.1, 0.5)), canvas);
  }
  change_colours(canvas, random);
  if (random.chance(kBlurred)) {
    blur_along(canvas.planes, 1);
    blur_along(canvas.planes, static_cast<std::size_t>(form.width));
  }
  return as_input(canvas, form.preprocessing);
}

}  // namespace pare::engine
