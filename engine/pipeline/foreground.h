// Where the original sees objects: places of an image that a repaired network should get right.
//
// A position inside a box that the original detects counts more, in proportion to the box's score;
// the mean over the image stays 1.  Works for every head, because it reads decoded boxes.
//
// Cost: linear in the boxes and a grid of stride 8.  Pure.
// Source: our own trials (weights by squared gradient did as well, but need gradients).
#pragma once

#include <span>

#include "engine/detect/detection.h"
#include "engine/prune/statistics.h"

namespace pare::engine {

// `emphasis`: how much more a sure object counts than the background.
// REQUIRES: boxes are in pixels of a network's input of this size.
PositionWeights foreground_weights(std::span<const Detection> detections, int height, int width,
                                   double emphasis = 4);

}  // namespace pare::engine
