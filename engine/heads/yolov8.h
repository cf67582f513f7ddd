// The YOLOv8 head (also YOLOv9, YOLO11 and YOLO12 in that export): distances as distributions and
// class scores, no objectness, decoded inside the model to one output of rows (dfl_rows.h): centre
// x and y, width and height in pixels of the input, then the classes' scores.
//
// The output is (1, 4 + classes, rows) as Ultralytics writes it, or (1, rows, 4 + classes).
//
// Source: ultralytics 8.0, ultralytics/nn/modules/head.py, Detect; Li et al., Generalized Focal
// Loss (NeurIPS 2020).
#pragma once

#include "engine/heads/head.h"

namespace pare::engine {

HeadDef head_yolov8();

}  // namespace pare::engine
