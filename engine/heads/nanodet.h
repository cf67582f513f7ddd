// The NanoDet head (generalized focal loss): per stride the classes' scores and, for each side of a
// box, a distribution over its distance from the centre of the cell.
//
// Outputs, two a stride: scores (1, cells, classes) after their sigmoids, and distances
// (1, cells, 4 * bins), cells row-major; also (1, columns, cells) or whole maps, all alike, and
// with or without the first dimension.  The distance to a side is the expectation of the softmax
// over its bins, times the stride; sides are left, top, right, bottom.  The outputs may stand in
// any order in which the scores of a stride come before its distances: that, and the number of
// cells, is all that decode() has to tell them apart.
//
// Strides are 8, 16, 32, or with a fourth level 8, 16, 32, 64 (PicoDet), at any size: maps have as
// many cells as begin within the input.
//
// Source: Li et al., Generalized Focal Loss (NeurIPS 2020); RangiLyu/nanodet v0.4,
// nanodet/model/head/gfl_head.py.
#pragma once

#include "engine/heads/head.h"

namespace pare::engine {

HeadDef head_nanodet();

}  // namespace pare::engine
