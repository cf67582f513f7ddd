// The YOLOX head (yolox.h) of a model that applies its grid itself: one output (1, rows, 5 +
// classes) or (1, 5 + classes, rows), with or without the 1, of centre x and y, width and height in
// pixels of the input, objectness and class scores after their sigmoids.
//
// Any strides.  x = (raw + column) * stride, w = exp(raw) * stride.
//
// Source: Megvii-BaseDetection/YOLOX, yolox/models/yolo_head.py with decode_in_inference on.
#pragma once

#include "engine/heads/head.h"

namespace pare::engine {

HeadDef head_yolox_decoded();

}  // namespace pare::engine
