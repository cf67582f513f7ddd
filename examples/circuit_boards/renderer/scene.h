// One inspection photograph: a board with defects under uneven light, slightly turned, a little
// blurred and noisy, with the exact box of every defect.
//
// The same (seed, number) is the same photograph, whatever else is rendered.  About 20 ms each.
#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <vector>

#include "examples/circuit_boards/renderer/defects.h"

namespace pare::examples {

struct LabelledDefect {
  DefectKind kind;
  cv::Rect box;     // in pixels, inside the image
  double area = 0;  // of the pixels at fault
};

struct Scene {
  cv::Mat image;  // CV_8UC3, BGR
  std::vector<LabelledDefect> defects;
  int jpeg_quality = 90;
};

Scene render_scene(std::uint64_t seed, std::uint64_t number);

}  // namespace pare::examples
