#include "engine/train/data/augment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/train/data/resample.h"

namespace pare::engine {
namespace {

// Every pixel says where it lies: blue its column, green its row, red their sum.
Image coordinates(int height, int width) {
  Image image;
  image.height = height;
  image.width = width;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (const int value : {x, y, x + y}) image.bgr.push_back(static_cast<std::uint8_t>(value));
    }
  }
  return image;
}

float at(const Canvas& canvas, std::size_t channel, int y, int x) {
  return canvas.planes[channel * canvas.plane() + static_cast<std::size_t>(y * canvas.width + x)];
}

TEST(Resample, a_tile_holds_what_its_affine_map_points_at_and_nothing_else_changes) {
  Canvas canvas(20, 30, 7);
  // A quarter turn: down the tile is along the image's columns.
  draw(coordinates(40, 60), {10, 5, 20, 15, {0, 2, 4, 1, 0, 3}}, canvas);
  for (int y = 0; y < 20; ++y) {
    for (int x = 0; x < 30; ++x) {
      const bool inside = x >= 10 && x < 20 && y >= 5 && y < 15;
      const float column = static_cast<float>(2 * (y - 5) + 4),
                  row = static_cast<float>(x - 10 + 3);
      EXPECT_NEAR(at(canvas, 0, y, x), inside ? column : 7, 1e-4);
      EXPECT_NEAR(at(canvas, 1, y, x), inside ? row : 7, 1e-4);
      EXPECT_NEAR(at(canvas, 2, y, x), inside ? column + row : 7, 1e-4);
    }
  }
}

TEST(Resample, between_pixels_it_is_bilinear_and_outside_the_image_nothing_is_drawn) {
  Canvas canvas(4, 4, -1);
  draw(coordinates(3, 3), {0, 0, 4, 4, {1, 0, 0.25F, 0, 1, 0.5F}}, canvas);
  EXPECT_NEAR(at(canvas, 0, 0, 1), 1.25, 1e-5);
  EXPECT_NEAR(at(canvas, 1, 1, 0), 1.5, 1e-5);
  EXPECT_EQ(at(canvas, 0, 0, 3), -1);
  EXPECT_EQ(at(canvas, 0, 3, 0), -1);
}

TEST(Resample, a_large_image_becomes_as_large_as_it_may_be) {
  const Image smaller = at_most(coordinates(100, 200), 50);
  EXPECT_EQ(smaller.height, 25);
  EXPECT_EQ(smaller.width, 50);
  EXPECT_NEAR(smaller.bgr[3 * 10], 4 * 10 + 1.5, 1);  // column of the first row
  EXPECT_EQ(at_most(coordinates(10, 20), 50).bgr, coordinates(10, 20).bgr);
}

TEST(Augment, an_input_depends_on_seed_step_and_image_alone) {
  const std::vector<Image> images = {coordinates(60, 80), coordinates(90, 50)};
  const InputForm form{32, 48, {}};
  const auto draw_one = [&](std::uint64_t seed, std::uint64_t step, std::uint64_t image) {
    return augmented(images, form, KeyedRandom(seed, step, image));
  };
  const auto one = draw_one(1, 5, 2);
  EXPECT_EQ(one.size(), 3U * 32 * 48);
  EXPECT_EQ(one, draw_one(1, 5, 2));
  EXPECT_NE(one, draw_one(2, 5, 2));
  EXPECT_NE(one, draw_one(1, 6, 2));
  EXPECT_NE(one, draw_one(1, 5, 3));
}

TEST(Augment, values_are_what_the_preprocessing_makes_of_pixels) {
  const std::vector<Image> images = {coordinates(60, 80)};
  InputForm form{32, 48, {}};
  form.preprocessing.mean = {10, 20, 30};
  form.preprocessing.std = {2, 4, 8};
  form.preprocessing.rgb = false;
  for (std::uint64_t step = 0; step < 20; ++step) {
    const auto bgr = augmented(images, form, KeyedRandom(1, step, 0));
    InputForm turned = form;
    turned.preprocessing.rgb = true;
    const auto rgb = augmented(images, turned, KeyedRandom(1, step, 0));
    const std::size_t plane = 32 * 48;
    for (std::size_t i = 0; i < plane; ++i) {
      for (std::size_t c = 0; c < 3; ++c) {
        const double pixel =
            bgr[c * plane + i] * form.preprocessing.std[c] + form.preprocessing.mean[c];
        EXPECT_GE(pixel, -1e-3);
        EXPECT_LE(pixel, 255.001);
        EXPECT_NEAR(rgb[(2 - c) * plane + i] * form.preprocessing.std[2 - c] +
                        form.preprocessing.mean[2 - c],
                    pixel, 1e-3);
      }
    }
  }
}

}  // namespace
}  // namespace pare::engine
