// The YOLOv10 head (also YOLO11 and later ones exported end to end): as YOLOv8's, but a row is
// left, top, right, bottom in pixels of the input, and then the classes' scores.  One row an
// object, so that NMS finds nothing to do.
//
// Such models go on behind it with the best rows (find_head_within): (1, 300, 6).
//
// Source: Wang et al., YOLOv10 (NeurIPS 2024); ultralytics 8.2, ultralytics/nn/modules/head.py,
// v10Detect.
#pragma once

#include "engine/heads/head.h"

namespace pare::engine {

HeadDef head_yolov10();

}  // namespace pare::engine
