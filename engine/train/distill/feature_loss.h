// How far a layer's outputs are from the original's: mean squared error over each channel's
// variance, places weighted.
//
// Cost: one pass over the map and one over its gradient, where torch's own operators take a dozen.
#pragma once

#include <torch/torch.h>

namespace pare::engine {

// One over the variance of each channel of a map (B, C, h, w): (C).  A channel that hardly
// varies counts as one that varies a thousandth as much as the others.
torch::Tensor inverse_variances(const torch::Tensor& map);

// `student`: (B, C, h, w), before the activation; `teacher`: the same with all of its channels, of
// which `rows` are the student's (undefined: all are); `inverse`: inverse_variances() of the
// teacher; `weights`: (B, 1, h, w), mean 1.  All float32.  A scalar; gradients reach `student`
// only.
torch::Tensor feature_loss(const torch::Tensor& student, const torch::Tensor& teacher,
                           const torch::Tensor& rows, const torch::Tensor& inverse,
                           const torch::Tensor& weights);

}  // namespace pare::engine
