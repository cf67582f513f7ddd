// Boxes and detections, in pixels of the original image.
#pragma once

#include <cstdint>
#include <vector>

namespace pare::engine {

// Top-left corner and size, as COCO has them.
struct Box {
  double x = 0, y = 0, width = 0, height = 0;
  friend bool operator==(const Box&, const Box&) = default;
};

struct Detection {
  Box box;
  double score = 0;
  int category = 0;  // index into the model's classes, not COCO's category id
};

struct ImageDetections {
  std::int64_t image_id = 0;
  std::vector<Detection> detections;  // best score first
};

}  // namespace pare::engine
