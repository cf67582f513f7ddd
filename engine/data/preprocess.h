// From an image to the network's input, and from the network's boxes back to the image.
//
// The pixels are those of the reference implementations, to the bit: bilinear resizing by OpenCV;
// YOLOv5's centred letterbox rounds the new size to the nearest (half to even) and gives the odd
// pixel of padding to the bottom and the right; YOLOX's top-left one cuts the new size off.
// The way back undoes the resizing that happened: a coordinate is scaled by the exact ratio of
// pixels, where the references divide by the ratio before rounding (a difference below a pixel).
//
// Cost: a resize and one table look-up a value.  Pure functions, any thread.
// Source: ultralytics/yolov5 v6.0, utils/augmentations.py, letterbox();
// Megvii-BaseDetection/YOLOX, yolox/data/data_augment.py, preproc().
#pragma once

#include <vector>

#include "core/model_summary.h"
#include "engine/data/images.h"
#include "engine/detect/detection.h"

namespace pare::engine {

// Where the image lies in the network's input: network = image * scale + offset.
struct Placement {
  double scale_x = 1, scale_y = 1;
  int left = 0, top = 0;  // pixels of padding before it
  int image_height = 0, image_width = 0;

  // From pixels of the input to pixels of the image, clipped to the image.
  Box to_image(const Box& network) const;
};

struct NetworkInput {
  int height = 0;
  int width = 0;
  std::vector<float> values;  // (1, 3, height, width)
  Placement placement;
};

// REQUIRES: height, width > 0; three means and three non-zero deviations in `how`.
NetworkInput preprocess(const Image& image, const Preprocessing& how, int height, int width);

}  // namespace pare::engine
