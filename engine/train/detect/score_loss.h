// Losses of scores: logits against targets in 0..1, summed.
//
// Source of quality focal: Li et al. 2020, Generalized Focal Loss, equation 5, with beta 2.
#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace pare::engine {

enum class ScoreLoss : std::uint8_t { kCrossEntropy, kQualityFocal };

torch::Tensor score_loss(const torch::Tensor& logits, const torch::Tensor& targets, ScoreLoss kind);

}  // namespace pare::engine
