#include "engine/data/preprocess.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "core/check.h"

namespace pare::engine {
namespace {

struct Layout {
  int resized_height, resized_width, top, left;
};

// Python's round(): half to even.  REQUIRES: the default rounding mode.
int rounded(double value) {
  return static_cast<int>(std::nearbyint(value));
}

Layout layout_of(const Image& image, Resize resize, int height, int width) {
  const double ratio = std::min(static_cast<double>(height) / image.height,
                                static_cast<double>(width) / image.width);
  const auto at_least_one = [](int pixels) { return std::max(pixels, 1); };
  switch (resize) {
    case Resize::kStretch: return {height, width, 0, 0};
    case Resize::kLetterboxTopLeft:
      return {at_least_one(static_cast<int>(image.height * ratio)),
              at_least_one(static_cast<int>(image.width * ratio)), 0, 0};
    case Resize::kLetterboxCentre: break;
  }
  const int h = at_least_one(rounded(image.height * ratio));
  const int w = at_least_one(rounded(image.width * ratio));
  return {h, w, rounded((height - h) / 2.0 - 0.1), rounded((width - w) / 2.0 - 0.1)};
}

std::array<float, 256> table_of(const Preprocessing& how, std::size_t channel) {
  std::array<float, 256> table{};
  const auto mean = static_cast<float>(how.mean[channel]);
  const auto deviation = static_cast<float>(how.std[channel]);
  for (std::size_t pixel = 0; pixel < table.size(); ++pixel) {
    table[pixel] = (static_cast<float>(pixel) - mean) / deviation;
  }
  return table;
}

}  // namespace

Box Placement::to_image(const Box& network) const {
  const auto x_at = [&](double x) {
    return std::clamp((x - left) / scale_x, 0.0, static_cast<double>(image_width));
  };
  const auto y_at = [&](double y) {
    return std::clamp((y - top) / scale_y, 0.0, static_cast<double>(image_height));
  };
  const double x = x_at(network.x);
  const double y = y_at(network.y);
  return {x, y, x_at(network.x + network.width) - x, y_at(network.y + network.height) - y};
}

NetworkInput preprocess(const Image& image, const Preprocessing& how, int height, int width) {
  PARE_CHECK(height > 0 && width > 0, "a network's input has pixels");
  PARE_CHECK(how.mean.size() == 3 && how.std.size() == 3, "one mean and deviation a channel");
  const Layout layout = layout_of(image, how.resize, height, width);
  // The cast only fits OpenCV's signature: the pixels are read.
  const cv::Mat pixels(image.height, image.width, CV_8UC3,
                       const_cast<std::uint8_t*>(image.bgr.data()));
  cv::Mat placed(height, width, CV_8UC3, cv::Scalar::all(how.pad_value));
  cv::Mat inside =
      placed(cv::Rect(layout.left, layout.top, layout.resized_width, layout.resized_height));
  cv::resize(pixels, inside, inside.size(), 0, 0, cv::INTER_LINEAR);

  NetworkInput made{height, width, {}, {}};
  const std::size_t area = placed.total();  // OpenCV counts anew at each call
  made.values.resize(area * 3);
  for (std::size_t channel = 0; channel < 3; ++channel) {
    const std::array<float, 256> table = table_of(how, channel);
    const std::size_t source = how.rgb ? 2 - channel : channel;
    const std::uint8_t* values = placed.data + source;
    float* const plane = made.values.data() + channel * area;
    for (std::size_t i = 0; i < area; ++i) plane[i] = table[values[3 * i]];
  }
  made.placement = {static_cast<double>(layout.resized_width) / image.width,
                    static_cast<double>(layout.resized_height) / image.height,
                    layout.left,
                    layout.top,
                    image.height,
                    image.width};
  return made;
}

}  // namespace pare::engine
