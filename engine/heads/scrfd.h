// The SCRFD head (faces): per stride 8, 16, 32 a score after its sigmoid, the distances from the
// cell's corner to the sides of a box in strides, and five key points, for each of two boxes a cell
// (or one).
//
// Outputs (1, cells * 2, 1), (1, cells * 2, 4) and (1, cells * 2, 10) for each stride, in any
// order, with or without the first dimension; key points may be missing, and are no boxes.  The
// left side is (column - d0) * stride, and so on: left, top, right, bottom.
//
// Source: Guo et al., Sample and Computation Redistribution for Efficient Face Detection (ICLR
// 2022); deepinsight/insightface 0.7, model_zoo/scrfd.py.
#pragma once

#include "engine/heads/head.h"

namespace pare::engine {

HeadDef head_scrfd();

}  // namespace pare::engine
