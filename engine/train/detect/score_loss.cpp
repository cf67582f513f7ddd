#include "engine/train/detect/score_loss.h"

namespace pare::engine {

torch::Tensor score_loss(const torch::Tensor& logits, const torch::Tensor& targets,
                         ScoreLoss kind) {
  if (kind == ScoreLoss::kCrossEntropy) {
    return torch::binary_cross_entropy_with_logits(logits, targets, {}, {}, at::Reduction::Sum);
  }
  const torch::Tensor each =
      torch::binary_cross_entropy_with_logits(logits, targets, {}, {}, at::Reduction::None);
  return (torch::pow(targets - torch::sigmoid(logits), 2) * each).sum();
}

}  // namespace pare::engine
