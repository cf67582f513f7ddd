// The RTMDet head of a model that ends in its maps: for each stride the classes' scores and the
// distances to the four sides, in pixels, from the corner of a cell.
//
// Outputs, two a stride, in any order and in the layouts of maps or rows: scores (1, classes, ny,
// nx) before or after their sigmoids, and distances (1, 4, ny, nx), raw or by an exponential, times
// the stride: which is how this head is known from others with as many outputs.
//
// Source: Lyu et al., RTMDet (2022); mmdetection 3.0, models/dense_heads/rtmdet_head.py,
// RTMDetSepBNHead.
#pragma once

#include "engine/heads/head.h"

namespace pare::engine {

HeadDef head_rtmdet();

}  // namespace pare::engine
