// The loss of a YOLOX head: boxes (GIoU and L1), objectness and classes (binary cross entropy).
//
// Anchors are assigned by sim_ota.h from what the network predicts now.  A class target is the
// overlap of its anchor's box with the object, so that scores come to say how good a box is.
//
// Source: YOLOX (Ge et al. 2021); GIoU (Rezatofighi et al. 2019).
#pragma once

#include <torch/torch.h>

#include <vector>

#include "engine/train/detect/sim_ota.h"

namespace pare::engine {

// The head's convolutions on one stride, for a batch: (B, 4, h, w), (B, 1, h, w), (B, C, h, w).
struct HeadTensors {
  torch::Tensor box, objectness, classes;
};

struct YoloxLoss {
  torch::Tensor total;  // a scalar, with gradients
  double box = 0, objectness = 0, classes = 0, l1 = 0;
  std::size_t assigned = 0;  // anchors that learned an object
};

// `heads` in the order of the grid's strides; `objects` a list an image of the batch.
YoloxLoss yolox_loss(const AnchorGrid& grid, const std::vector<HeadTensors>& heads,
                     const std::vector<std::vector<ObjectBox>>& objects);

}  // namespace pare::engine
