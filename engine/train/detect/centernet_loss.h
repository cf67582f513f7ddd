// The loss of a CenterNet head: a penalty-reduced focal loss of the heat map, L1 of sizes and
// offsets at the objects' middles.
//
// An object's middle is a 1 on its class's map, around it a Gaussian whose radius is such that a
// box shifted by it still overlaps the object by 0.7; the larger of two Gaussians stays.  Sizes and
// offsets are in cells.
//
// Source: Zhou et al. 2019, Objects as Points, sections 3 and 5 (alpha 2, beta 4; weight of sizes
// 0.1); Law and Deng 2018, CornerNet, section 3.2, for the radius.
#pragma once

#include <torch/torch.h>

#include <vector>

#include "engine/train/detect/detection_loss.h"
#include "engine/train/detect/sim_ota.h"

namespace pare::engine {

// Of a batch: (B, C, h, w), no sigmoid, (B, 2, h, w), (B, 2, h, w).
struct PointTensors {
  torch::Tensor heat, size, offset;
};

// How far a box of these sides may be shifted along both and still overlap itself by `overlap`.
double gaussian_radius(double width, double height, double overlap);

// `box` is sizes and offsets, `classes` the heat map.
DetectionLoss centernet_loss(int stride, const PointTensors& tensors,
                             const std::vector<std::vector<ObjectBox>>& objects);

}  // namespace pare::engine
