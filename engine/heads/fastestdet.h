// The FastestDet head: one map, one box a cell.
//
// Output (1, 5 + classes, ny, nx).  Channels: objectness after its sigmoid, four numbers of the box
// as the convolution gave them, classes after their softmax.  decode() reads the box:
// centre = (tanh(t) + cell) * stride, size = sigmoid(t) * size of the input.  Scores are
// objectness^0.6 * class^0.4, of every class: the reference keeps the best class of a cell only,
// which costs 0.6 points of mAP on COCO.
//
// The stride is that of the map: 16 in the published detector.
//
// Source: dog-qiuqiu/FastestDet, module/detector.py and utils/tool.py, handle_preds().
#pragma once

#include "engine/heads/head.h"

namespace pare::engine {

HeadDef head_fastestdet();

}  // namespace pare::engine
