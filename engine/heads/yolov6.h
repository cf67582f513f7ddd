// The YOLOv6 head: distances as raw numbers (n, s) or distributions (m, l) and class scores,
// decoded inside the model to one output of rows (dfl_rows.h): centre x and y, width and height in
// pixels of the input, a 1 where other heads have an objectness, then the classes' scores.
//
// Source: Li et al., YOLOv6 v3.0 (2023); meituan/YOLOv6 0.4, yolov6/models/effidehead.py.
#pragma once

#include "engine/heads/head.h"

namespace pare::engine {

HeadDef head_yolov6();

}  // namespace pare::engine
