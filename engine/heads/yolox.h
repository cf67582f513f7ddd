// The YOLOX head: per stride a box, an objectness and class scores, each from its own convolution.
//
// Output (1, rows, 5 + classes), rows stride by stride, row-major within a feature map.  Columns:
// x, y, w, h as the convolution gave them (decode() applies the grid: x = (tx + column) * stride,
// w = exp(tw) * stride), then objectness and class scores after their sigmoids.
//
// Strides are 8, 16, 32, or with a fourth level 8, 16, 32, 64, or 16 alone: decode() sees only the
// number of rows, and tells them apart by it.
//
// Source: Ge et al., YOLOX: Exceeding YOLO Series in 2021; Megvii-BaseDetection/YOLOX,
// yolox/models/yolo_head.py with decode_in_inference off.
#pragma once

#include <span>
#include <string>

#include "core/result.h"
#include "engine/graph/graph.h"
#include "engine/heads/head.h"

namespace pare::engine {

HeadDef head_yolox();

// Appends the tail to a bare body and makes `output` the graph's only output: for a detector that
// was built here and never had one.  Each level has three tensors, outputs of convolutions:
// box (1, 4, h/stride, w/stride), objectness (1, 1, ...) and classes (1, classes, ...), none of
// them after a sigmoid.  Levels finest first, strides as above.  Fails as HeadDef::attach.
Result<Graph> append_yolox_tail(Graph body, std::span<const HeadLevel> levels, int classes,
                                const std::string& output);

}  // namespace pare::engine
