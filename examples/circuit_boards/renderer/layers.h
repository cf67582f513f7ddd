// A board as masks, one a material, at kScale times the size of the canvas so that edges are
// smooth.
//
// Every mask is CV_8U, 0 or 255.  What lies above hides what lies below, in the order of the
// fields.
#pragma once

#include <opencv2/core.hpp>

#include "examples/circuit_boards/renderer/board.h"

namespace pare::examples {

inline constexpr int kScale = 2;

struct Layers {
  cv::Mat copper;  // under the solder mask
  cv::Mat metal;   // bare: pads and pins
  cv::Mat holes;
  cv::Mat silk;
  cv::Mat dark;     // bodies of chips
  cv::Mat ceramic;  // bodies of small parts
};

// From a point of the canvas to a pixel of a mask.
inline cv::Point to_mask(cv::Point2d p) {
  return {cvRound(p.x * kScale), cvRound(p.y * kScale)};
}
inline int to_mask(double length) {
  return cvRound(length * kScale);
}

inline cv::Rect to_mask(const cv::Rect2d& r) {
  return {to_mask(r.x), to_mask(r.y), to_mask(r.width), to_mask(r.height)};
}

Layers draw_layers(const Board& board);

// Puts the hole of a pad in, as draw_layers() does.
void draw_hole(const Pad& pad, Layers& layers);

}  // namespace pare::examples
