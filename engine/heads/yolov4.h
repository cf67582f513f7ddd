// The YOLOv4 head with two outputs: boxes (1, rows, 1, 4), corners in shares of the input's sides,
// and confidences (1, rows, classes), each the product of objectness and class; both in any layout
// of rows, boxes also in pixels or as centre and size.
//
// Rows go stride by stride, within a stride by anchor and then by cell, or by cell and then by
// anchor. Anchors and the reach of a centre, which differs from stride to stride, are read off the
// graph.
//
// Source: Bochkovskiy et al., YOLOv4 (2020); Tianxiaomo/pytorch-YOLOv4, tool/yolo_layer.py.
#pragma once

#include "engine/heads/head.h"

namespace pare::engine {

HeadDef head_yolov4();

}  // namespace pare::engine
