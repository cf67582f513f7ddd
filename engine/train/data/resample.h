// Pieces of images, turned, mirrored and scaled, into a network's input.
//
// Bilinear, as the preprocessing of all heads.  Pure functions, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "engine/data/images.h"

namespace pare::engine {

// Where in an image the pixel (x, y) of a tile comes from: (a x + b y + c, d x + e y + f).
using Affine = std::array<float, 6>;

// A rectangle of the canvas that one image fills.
struct Tile {
  int left = 0, top = 0, right = 0, bottom = 0;
  Affine from{};
};

// Three planes, BGR, 0 to 255, row by row.
struct Canvas {
  int height = 0, width = 0;
  std::vector<float> planes;

  Canvas(int h, int w, float fill)
      : height(h), width(w), planes(static_cast<std::size_t>(3 * h * w), fill) {}
  std::size_t plane() const {
    return static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  }
};

// What lies outside the image stays as it is.  REQUIRES: the tile lies on the canvas.
void draw(const Image& image, const Tile& tile, Canvas& canvas);

// The image, made smaller until no side is longer.
Image at_most(Image image, int longest);

}  // namespace pare::engine
