// The PP-YOLOE head exported without its NMS (also PP-YOLOE+, PicoDet and YOLOv8 with boxes and
// scores apart): per stride a distribution over each distance to the sides and the classes' scores,
// decoded inside the model to two outputs.
//
// Outputs in either order: boxes (1, rows, 4), corners in pixels of the input (or centre and size),
// and scores (1, classes, rows) after their sigmoids, or either the other way round; also without
// the first dimension.  Rows go stride by stride, any strides in any order, any number of bins; a
// distance may be a raw number.
//
// Source: Xu et al., PP-YOLOE (2022); PaddleDetection 2.6, ppdet/modeling/heads/ppyoloe_head.py.
#pragma once

#include "engine/heads/head.h"

namespace pare::engine {

HeadDef head_ppyoloe();

}  // namespace pare::engine
