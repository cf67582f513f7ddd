// What training a detector with labels minimises: one loss for each head that can be trained.
#pragma once

#include <torch/torch.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/train/detect/box_loss.h"
#include "engine/train/detect/score_loss.h"
#include "engine/train/detect/sim_ota.h"

namespace pare::engine {

enum class Assigner : std::uint8_t { kSimOta, kTaskAligned };

struct LossOptions {  // of heads with anchors
  Assigner assign = Assigner::kSimOta;
  BoxLoss box = BoxLoss::kGiou;
  ScoreLoss score = ScoreLoss::kCrossEntropy;
};

struct DetectionLoss {
  torch::Tensor total;  // a scalar, with gradients
  double box = 0, objectness = 0, classes = 0, l1 = 0;
  std::size_t assigned = 0;  // places that learned an object
};

// The head's raw tensors, level by level as HeadLevel::tensors has them, for a batch; a list of
// objects for each image.
using DetectionLossOf = std::function<DetectionLoss(
    const std::vector<torch::Tensor>& tensors, const std::vector<std::vector<ObjectBox>>& objects)>;

// For images of `size` pixels a side and maps of these strides.  Fails with kUnsupported, naming
// the head and those that can be trained.
Result<DetectionLossOf> detection_loss_of(const std::string& head, std::span<const int> strides,
                                          int size, const LossOptions& options);

}  // namespace pare::engine
