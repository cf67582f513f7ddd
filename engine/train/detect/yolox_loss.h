// The loss of a YOLOX head: boxes (overlap and L1), objectness and classes (scores).
//
// Anchors are assigned from what the network predicts now.  A class target is the quality of its
// anchor's box, so that scores come to say how good a box is.
//
// Source: YOLOX (Ge et al. 2021).
#pragma once

#include <torch/torch.h>

#include <vector>

#include "engine/train/detect/detection_loss.h"
#include "engine/train/detect/sim_ota.h"

namespace pare::engine {

// The head's convolutions on one stride, for a batch: (B, 4, h, w), (B, 1, h, w), (B, C, h, w).
struct HeadTensors {
  torch::Tensor box, objectness, classes;
};

// `heads` in the order of the grid's strides; `objects` a list an image of the batch.
DetectionLoss yolox_loss(const AnchorGrid& grid, const std::vector<HeadTensors>& heads,
                         const std::vector<std::vector<ObjectBox>>& objects,
                         const LossOptions& options = {});

}  // namespace pare::engine
