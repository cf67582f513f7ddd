// The YOLOv5 head (also YOLOv3 and YOLOv7 in that export): per stride one convolution that predicts
// box, objectness and classes for each of its anchors, decoded inside the model.
//
// Output (1, rows, 5 + classes), rows stride by stride, then by anchor, then row-major within the
// feature map.  Columns, with s a sigmoid: x = (2 s + column - 0.5) * stride, w = (2 s)^2 * anchor,
// centre and size in pixels of the input, objectness and class scores.
//
// Recognised by what the tail computes, not by how it is written: from the output backwards, every
// column must come to scale * s^power + offset, with the scales and offsets above.  Anchors and
// strides are read off these.
//
// Source: ultralytics/yolov5 v6.0, models/yolo.py, Detect.forward.
#pragma once

#include "engine/heads/head.h"

namespace pare::engine {

HeadDef head_yolov5();

}  // namespace pare::engine
