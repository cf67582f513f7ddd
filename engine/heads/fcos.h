// The FCOS head (also ATSS with one box a cell): for each stride the classes' scores, the distances
// from the centre of a cell to the four sides, and a centerness, with which scores are multiplied.
//
// Outputs, three a stride, or three of all strides' rows, in any order in which of two outputs of
// one column the classes' come first, and in any layout: scores and centerness before or after
// their sigmoids; distances by an exponential or a ReLU, or raw times the stride: in strides where
// they are behind a ReLU alone, otherwise in pixels; or decoded to boxes in pixels.
//
// Source: Tian et al., FCOS (ICCV 2019); mmdetection 3.0, models/dense_heads/fcos_head.py.
#pragma once

#include "engine/heads/head.h"

namespace pare::engine {

HeadDef head_fcos();

}  // namespace pare::engine
