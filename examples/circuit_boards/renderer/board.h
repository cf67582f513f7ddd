// The layout of one printed circuit board, before anything is drawn: traces routed on a grid, pads,
// chips, parts and silk screen.  Every defect is put on later (defects.h), so a layout is
// faultless.
//
// Coordinates are pixels of the final image plus kMargin on every side, so that a slight rotation
// shows no empty corner.
#pragma once

#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "examples/circuit_boards/renderer/random.h"

namespace pare::examples {

inline constexpr int kMargin = 24;

struct Trace {
  std::vector<cv::Point2d> points;
  double width = 0;
};

enum class PadShape { kRound, kSquare };

struct Pad {
  cv::Point2d centre;
  double radius = 0;  // of a square pad: half its width
  double height = 0;  // of a square pad: half its height
  double hole = 0;    // radius; 0: no hole, as designed
  PadShape shape = PadShape::kRound;
};

// A chip or a small part: a body that covers what lies below.
struct Body {
  cv::Rect2d rect;
  bool dark = true;  // black plastic; otherwise the ceramic of a capacitor or a resistor
};

struct SilkText {
  cv::Point2d at;
  std::string text;
  double size = 0.4;
};

struct Board {
  cv::Size size;     // of the canvas, margins included
  double pitch = 0;  // of the routing grid
  std::vector<Trace> traces;
  std::vector<Pad> pads;
  std::vector<Body> bodies;
  std::vector<SilkText> texts;
  std::vector<cv::Rect2d> silk_frames;
};

// REQUIRES: image at least 64 x 64.
Board lay_out_board(cv::Size image, Random& random);

}  // namespace pare::examples
