// The head of YOLOv3, v4 and their tiny forms: anchors, decoded inside the model to one output of
// rows (anchor_rows.h), w = exp(raw) * anchor.  The reach is 1 cell, in YOLOv4 a little more.
//
// Source: Redmon and Farhadi, YOLOv3 (2018); Bochkovskiy et al., YOLOv4 (2020), section 3.4 (grid
// sensitivity).
#pragma once

#include "engine/heads/head.h"

namespace pare::engine {

HeadDef head_yolov3();

}  // namespace pare::engine
