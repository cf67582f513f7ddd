#include "examples/circuit_boards/renderer/paint.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace pare::examples {
namespace {

using Colour = cv::Vec3f;  // BGR, 0..1

Colour vary(Colour colour, float spread, Random& random) {
  for (int c = 0; c < 3; ++c) {
    colour[c] += spread * static_cast<float>(random.between(-1, 1));
  }
  return colour;
}

// Solder masks as they are sold: green mostly, then blue, red, black, yellowish, white.
Colour mask_colour(Random& random) {
  static const std::array<Colour, 8> kColours = {
      Colour{0.16F, 0.33F, 0.08F}, Colour{0.20F, 0.38F, 0.12F}, Colour{0.13F, 0.28F, 0.10F},
      Colour{0.40F, 0.20F, 0.06F}, Colour{0.12F, 0.10F, 0.38F}, Colour{0.13F, 0.13F, 0.12F},
      Colour{0.17F, 0.38F, 0.45F}, Colour{0.30F, 0.30F, 0.13F}};
  return vary(kColours[random.index(kColours.size())], 0.04F, random);
}

Colour metal_colour(Random& random) {
  const Colour gold{0.38F, 0.66F, 0.80F}, tin{0.70F, 0.71F, 0.71F};
  return vary(random.chance(0.5) ? gold : tin, 0.05F, random);
}

cv::Mat plain(cv::Size size, const Colour& colour) {
  return cv::Mat(size, CV_32FC3, cv::Scalar(colour[0], colour[1], colour[2]));
}

// Smooth random clouds in [-1, 1], about `cells` across.
cv::Mat clouds(cv::Size size, int cells, Random& random) {
  cv::Mat coarse(cells, cells, CV_32F), out;
  for (int i = 0; i < cells * cells; ++i) {
    coarse.at<float>(i / cells, i % cells) = static_cast<float>(random.between(-1, 1));
  }
  cv::resize(coarse, out, size, 0, 0, cv::INTER_CUBIC);
  return out;
}

// The glass weave that shows through the mask.
cv::Mat weave(cv::Size size, Random& random) {
  const double w = 2.0 * std::numbers::pi / random.between(3.5, 7.0), phase = random.between(0, 6);
  cv::Mat across(1, size.width, CV_32F), down(size.height, 1, CV_32F);
  for (int x = 0; x < size.width; ++x) {
    across.at<float>(x) = static_cast<float>(std::sin(w * x + phase));
  }
  for (int y = 0; y < size.height; ++y) down.at<float>(y) = static_cast<float>(std::sin(w * y));
  return down * across;
}

void multiply(cv::Mat& picture, const cv::Mat& factor) {
  cv::Mat three;
  cv::merge(std::vector<cv::Mat>{factor, factor, factor}, three);
  picture = picture.mul(three);
}

void lay(cv::Mat& picture, const cv::Mat& mask, const Colour& colour, double opacity) {
  cv::Mat alpha, three;
  mask.convertTo(alpha, CV_32F, opacity / 255.0);
  cv::merge(std::vector<cv::Mat>{alpha, alpha, alpha}, three);
  picture = picture.mul(cv::Scalar::all(1.0) - three) + plain(picture.size(), colour).mul(three);
}

// Light from one side makes the edges of raised copper bright or dark.
void emboss(cv::Mat& picture, const cv::Mat& mask, double strength, Random& random) {
  cv::Mat height, dx, dy;
  mask.convertTo(height, CV_32F, 1.0 / 255.0);
  cv::GaussianBlur(height, height, {}, 0.7);
  cv::Sobel(height, dx, CV_32F, 1, 0);
  cv::Sobel(height, dy, CV_32F, 0, 1);
  const double angle = random.between(0, 2.0 * std::numbers::pi);
  cv::Mat factor = dx * (strength * std::cos(angle)) + dy * (strength * std::sin(angle)) + 1.0;
  multiply(picture, factor);
}

void shade_bodies(cv::Mat& picture, const cv::Mat& bodies) {
  cv::Mat shadow;
  cv::GaussianBlur(bodies, shadow, {}, 3.0);
  const cv::Matx23f shift(1, 0, 2, 0, 1, 2);
  cv::warpAffine(shadow, shadow, shift, shadow.size());
  shadow.convertTo(shadow, CV_32F, -0.5 / 255.0, 1.0);
  multiply(picture, shadow);
}

void smudge(cv::Mat& picture, Random& random) {
  cv::Mat factor(picture.size(), CV_32F, cv::Scalar(1));
  const int spots = random.whole(0, 4);
  for (int i = 0; i < spots; ++i) {
    const cv::Point at(random.whole(0, picture.cols - 1), random.whole(0, picture.rows - 1));
    const cv::Size axes(random.whole(1, 7), random.whole(1, 5));
    cv::ellipse(
        factor, at, axes, random.between(0, 180), 0, 360,
        cv::Scalar(random.chance(0.5) ? random.between(0.55, 0.85) : random.between(1.1, 1.5)),
        cv::FILLED, cv::LINE_AA);
  }
  const int scratches = random.whole(0, 3);
  for (int i = 0; i < scratches; ++i) {
    const cv::Point from(random.whole(0, picture.cols - 1), random.whole(0, picture.rows - 1));
    const cv::Point to = from + cv::Point(random.whole(-60, 60), random.whole(-60, 60));
    cv::line(factor, from, to, cv::Scalar(random.between(0.75, 1.35)), 1, cv::LINE_AA);
  }
  cv::GaussianBlur(factor, factor, {}, 0.6);
  multiply(picture, factor);
}

void light(cv::Mat& picture, Random& random) {
  const double angle = random.between(0, 2.0 * std::numbers::pi);
  const double strength = random.between(0.0, 0.35), gain = random.between(0.75, 1.35);
  cv::Mat factor(picture.size(), CV_32F);
  for (int y = 0; y < picture.rows; ++y) {
    for (int x = 0; x < picture.cols; ++x) {
      const double u = static_cast<double>(x) / picture.cols - 0.5;
      const double v = static_cast<double>(y) / picture.rows - 0.5;
      const double slope = u * std::cos(angle) + v * std::sin(angle);
      factor.at<float>(y, x) =
          static_cast<float>(gain * (1.0 + strength * slope) * (1.0 - 0.35 * (u * u + v * v)));
    }
  }
  factor += clouds(picture.size(), 4, random) * 0.05;
  multiply(picture, factor);
}

cv::Mat expose(cv::Mat picture, Random& random) {
  cv::GaussianBlur(picture, picture, {}, random.between(0.35, 0.95));
  const double sigma = random.between(0.006, 0.026);
  // Noise is looked up, four values a draw: a tenth of the time of drawing each.
  std::array<float, 4096> normal;
  for (float& n : normal) n = static_cast<float>(sigma * random.normal());
  for (int y = 0; y < picture.rows; ++y) {
    for (int x = 0; x < picture.cols; ++x) {
      cv::Vec3f& pixel = picture.at<cv::Vec3f>(y, x);
      std::uint64_t bits = random.next();
      const float shared = normal[bits & 4095U];
      for (int c = 0; c < 3; ++c) {
        bits >>= 12U;
        pixel[c] += shared + 0.5F * normal[bits & 4095U];
      }
    }
  }
  cv::Mat bytes;
  picture.convertTo(bytes, CV_8UC3, 255.0);  // saturates
  return bytes;
}

}  // namespace

cv::Mat paint(const Layers& layers, Random& random) {
  const cv::Size size = layers.copper.size();
  const Colour base = mask_colour(random), metal = metal_colour(random);
  // How much copper shows through the mask: this sets how hard a picture is.
  const auto contrast = static_cast<float>(random.between(0.14, 0.34));
  const Colour traces = vary(
      base * 1.12F + Colour::all(contrast * 0.7F) + Colour{0.0F, contrast * 0.5F, contrast * 0.4F},
      0.02F, random);
  cv::Mat picture = plain(size, base);
  multiply(picture, weave(size, random) * random.between(0.01, 0.07) +
                        clouds(size, random.whole(6, 20), random) * 0.06 + 1.0);
  lay(picture, layers.copper, traces, 0.92);
  emboss(picture, layers.copper, random.between(0.02, 0.14), random);
  lay(picture, layers.metal, metal, 1.0);
  emboss(picture, layers.metal, random.between(0.02, 0.10), random);
  lay(picture, layers.holes, vary({0.07F, 0.07F, 0.08F}, 0.05F, random), 0.95);
  lay(picture, layers.silk, vary({0.86F, 0.87F, 0.86F}, 0.06F, random), 0.88);
  const cv::Mat bodies = layers.dark | layers.ceramic;
  shade_bodies(picture, bodies);
  lay(picture, layers.dark, vary({0.13F, 0.13F, 0.13F}, 0.05F, random), 1.0);
  lay(picture, layers.ceramic, vary({0.42F, 0.55F, 0.66F}, 0.12F, random), 1.0);
  emboss(picture, bodies, 0.10, random);
  smudge(picture, random);
  light(picture, random);
  return expose(std::move(picture), random);
}

}  // namespace pare::examples
