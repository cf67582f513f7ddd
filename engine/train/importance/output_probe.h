// What the outputs of a network are asked for its gradients: no label is needed.
//
// At the original's own outputs the loss against them is least, and its gradient nothing.  What
// counts there is its curvature C, one number for each output: with v = +-sqrt(C), the signs drawn,
// the gradients g = J' v have E[g g'] = J' C J, the Gauss-Newton matrix of the loss.
//
// C comes from one difference of the gradients of head_loss(), a backward pass over the head's maps
// alone.  Where a head is not understood, C is one over the variance of the channel.
// Source: Martens (2020), New insights on the natural gradient, for the matrix; Hutchinson's signs.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "engine/train/distill/head_loss.h"

namespace pare::engine {

// One for each of `outputs`, of their shapes; equal seeds give equal ones.  `outputs` begins with
// the body's; those that no level of a known head has count nothing.
std::vector<torch::Tensor> output_probe(const HeadChannels& head,
                                        const std::vector<torch::Tensor>& outputs,
                                        std::uint64_t seed);

}  // namespace pare::engine
