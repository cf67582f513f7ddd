// The YuNet head (faces): per stride 8, 16, 32 a class score and an objectness, both after their
// sigmoids, a box, and five key points.
//
// Outputs (1, cells, 1) twice, (1, cells, 4) and (1, cells, 10) for each stride, in any order and
// layout; key points may be missing, and are no boxes.  A score is the root of the product of the
// two; x = (column + b0) * stride, y alike, w = exp(b2) * stride.
//
// Source: Wu, Peng, Yu: YuNet, A Tiny Millisecond-level Face Detector (2023); OpenCV 4.8,
// modules/objdetect/src/face_detect.cpp.
#pragma once

#include "engine/heads/head.h"

namespace pare::engine {

HeadDef head_yunet();

}  // namespace pare::engine
