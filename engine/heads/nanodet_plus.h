// The NanoDet-plus head: what NanoDet's (nanodet.h) says at each stride, joined to one output of
// rows: the classes' scores after their sigmoids, and then the distributions of the distances to
// the four sides, of 8 bins each.
//
// Output (1, rows, classes + 32) or (1, classes + 32, rows), with or without the 1; rows stride by
// stride, 8, 16, 32, or 8, 16, 32, 64, row-major within a map, which has as many cells as begin
// within the input.  decode() knows nothing of bins, so that other numbers than 8 are refused.
//
// Source: RangiLyu/nanodet v1.0, nanodet/model/head/nanodet_plus_head.py, _forward_onnx.
#pragma once

#include "engine/heads/head.h"

namespace pare::engine {

HeadDef head_nanodet_plus();

}  // namespace pare::engine
