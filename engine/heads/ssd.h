// The SSD head (also UltraFace and SSDLite) with its boxes decoded inside the model: for each prior
// of each cell the choice among background and classes, and a box told from the prior.
//
// Outputs, in either order: scores (1, priors, 1 + classes) after a softmax, background first, and
// boxes (1, priors, 4): left, top, right, bottom, in shares of the input's sides or in pixels; both
// also without the first dimension.  Priors go level by level, row-major by cell, then by anchor.
// With c the centre of a cell and a an anchor: centre = c + raw * centre variance * a,
// size = exp(raw * size variance) * a.
//
// Anchors are kept in pixels when the input changes its size; one that is as long as the input was
// cut to it.  decode() tells shares from pixels by the boxes: half of them end within two shares.
//
// Source: Liu et al., SSD (ECCV 2016); Linzaer/Ultra-Light-Fast-Generic-Face-Detector-1MB,
// vision/utils/box_utils.py.
#pragma once

#include "engine/heads/head.h"

namespace pare::engine {

HeadDef head_ssd();

}  // namespace pare::engine
