#include "engine/data/preprocess.h"

#include <gtest/gtest.h>

#include "tests/engine/data/temporary_folder.h"

namespace pare::engine {
namespace {

Image grey(int width, int height) {
  return {height, width, std::vector<std::uint8_t>(std::size_t(width * height * 3), 200)};
}

// First and last row and column whose first channel is not the padding.
struct Extent {
  int left, top, right, bottom;
  friend bool operator==(const Extent&, const Extent&) = default;
};

Extent extent_of(const NetworkInput& input, float padding) {
  Extent extent{input.width, input.height, -1, -1};
  for (int y = 0; y < input.height; ++y) {
    for (int x = 0; x < input.width; ++x) {
      if (input.values[std::size_t(y * input.width + x)] == padding) continue;
      extent = {std::min(extent.left, x), std::min(extent.top, y), std::max(extent.right, x),
                std::max(extent.bottom, y)};
    }
  }
  return extent;
}

struct Placed {
  Resize resize;
  int image_width, image_height, width, height;
  Extent expected;  // worked out by hand from the references' formulas
};

TEST(Preprocess, the_image_lands_on_the_pixels_that_the_references_put_it_on) {
  const std::vector<Placed> table = {
      // YOLOv5: 213 pixels of padding are 106 above and 107 below.
      {Resize::kLetterboxCentre, 640, 427, 640, 640, {0, 106, 639, 532}},
      {Resize::kLetterboxCentre, 375, 500, 640, 640, {80, 0, 559, 639}},
      // round(586 * 0.65) is 381; 35 pixels are 17 on the left and 18 on the right.
      {Resize::kLetterboxCentre, 586, 640, 416, 416, {17, 0, 397, 415}},
      // round half to even: 333 / 2 is 166.5 and becomes 166.
      {Resize::kLetterboxCentre, 640, 333, 320, 320, {0, 77, 319, 242}},
      {Resize::kLetterboxCentre, 100, 100, 640, 320, {160, 0, 479, 319}},
      // YOLOX: int(586 * 0.65) is 380.
      {Resize::kLetterboxTopLeft, 586, 640, 416, 416, {0, 0, 379, 415}},
      {Resize::kLetterboxTopLeft, 640, 426, 416, 416, {0, 0, 415, 275}},
      {Resize::kLetterboxTopLeft, 5000, 2, 416, 416, {0, 0, 415, 0}},
      {Resize::kStretch, 640, 427, 320, 256, {0, 0, 319, 255}},
  };
  for (const Placed& row : table) {
    const Preprocessing how{.resize = row.resize};
    const auto input =
        preprocess(grey(row.image_width, row.image_height), how, row.height, row.width);
    EXPECT_EQ(extent_of(input, 114.0F / 255.0F), row.expected)
        << row.image_width << " x " << row.image_height << " at " << row.width << " x "
        << row.height;
    EXPECT_EQ(input.values.size(), std::size_t(3 * row.width * row.height));
  }
}

TEST(Preprocess, channels_come_in_the_order_and_scale_that_the_card_says) {
  const Image image{1, 1, {10, 20, 30}};  // blue, green, red
  Preprocessing how{.rgb = true, .resize = Resize::kStretch};
  EXPECT_EQ(preprocess(image, how, 1, 1).values,
            (std::vector{30 / 255.0F, 20 / 255.0F, 10 / 255.0F}));
  how = {.rgb = false, .resize = Resize::kStretch, .mean = {1, 2, 3}, .std = {1, 2, 4}};
  EXPECT_EQ(preprocess(image, how, 1, 1).values, (std::vector{9.0F, 9.0F, 6.75F}));
}

TEST(Preprocess, a_corner_of_the_image_comes_back_to_where_it_was) {
  for (const Resize resize :
       {Resize::kLetterboxCentre, Resize::kLetterboxTopLeft, Resize::kStretch}) {
    const auto input = preprocess(grey(586, 640), {.resize = resize}, 416, 320);
    const Extent extent = extent_of(input, 114.0F / 255.0F);
    const Box inside{double(extent.left), double(extent.top),
                     double(extent.right - extent.left + 1),
                     double(extent.bottom - extent.top + 1)};
    const Box whole = input.placement.to_image(inside);
    EXPECT_NEAR(whole.x, 0, 1e-9);
    EXPECT_NEAR(whole.y, 0, 1e-9);
    EXPECT_NEAR(whole.width, 586, 1e-9);
    EXPECT_NEAR(whole.height, 640, 1e-9);
  }
}

TEST(Preprocess, boxes_are_clipped_to_the_image) {
  const auto input = preprocess(grey(640, 320), {}, 640, 640);  // 160 rows of padding above
  EXPECT_EQ(input.placement.to_image({-50, 100, 100, 100}), (Box{0, 0, 50, 40}));
  EXPECT_EQ(input.placement.to_image({600, 460, 100, 100}), (Box{600, 300, 40, 20}));
  EXPECT_EQ(input.placement.to_image({10, 0, 20, 20}), (Box{10, 0, 20, 0}));
}

TEST(ReadImage, a_picture_comes_as_bgr_rows) {
  const TemporaryFolder folder;
  const auto image = read_image(folder.write("board.ppm", picture(3, 2, 1, 2, 3)));
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_EQ(image.value().width, 3);
  EXPECT_EQ(image.value().height, 2);
  ASSERT_EQ(image.value().bgr.size(), 18U);
  EXPECT_EQ(image.value().bgr[0], 3);
  EXPECT_EQ(image.value().bgr[2], 1);
}

TEST(ReadImage, what_is_no_image_is_an_error_that_names_the_file) {
  const TemporaryFolder folder;
  const std::string whole = picture(30, 20, 1, 2, 3);
  for (const std::string& bytes :
       {std::string(), std::string("not an image"), whole.substr(0, 9)}) {
    const auto image = read_image(folder.write("board.ppm", bytes));
    ASSERT_FALSE(image) << bytes.size();
    EXPECT_EQ(image.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(image.error().message,
              "image board.ppm (" + std::to_string(bytes.size()) +
                  (bytes.empty() ? " bytes) is empty" : " bytes) does not decode"));
  }
  EXPECT_EQ(read_image(folder.path() / "absent.png").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace pare::engine
