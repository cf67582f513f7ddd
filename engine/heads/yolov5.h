// The YOLOv5 head (also YOLOv7, v5-lite, and YOLOv3 in that export): anchors, decoded inside the
// model to one output of rows (anchor_rows.h) with a reach of 2 cells, w = (2 s)^2 * anchor.
//
// Source: ultralytics/yolov5 v6.0, models/yolo.py, Detect.forward; Wang et al., YOLOv7 (CVPR 2023).
#pragma once

#include "engine/heads/head.h"

namespace pare::engine {

HeadDef head_yolov5();

}  // namespace pare::engine
