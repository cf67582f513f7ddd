// How far what a head says is from what the original's head says, by the roles of its channels
// (engine/heads/roles.h): no head is named here, and no label is needed.
//
// Every yes or no is compared as a probability (binary cross entropy without the part that no
// student can remove), a choice and a distribution by their divergence, the numbers of a box by a
// smooth L1; all but objectness count as much as the original sees an object there.  The sum is
// divided by how many objects' worth of places the original sees.
//
// Cost: a few passes over the head's maps.
#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

#include "engine/heads/head.h"

namespace pare::engine {

// A head's channels, resolved.
struct HeadChannels {
  struct Level {
    std::vector<std::size_t> tensors;  // positions among the body's outputs
    std::vector<ChannelRange> ranges;
  };
  std::vector<Level> levels;  // none where the outputs are not understood
  int bins = 0;
};

// REQUIRES: `outputs` names every tensor of the head's levels.
HeadChannels head_channels(const HeadMatch& head, const std::vector<std::string>& outputs);

// How sure the original is of an object, at every place of each level: (B, 1, h, w).
std::vector<torch::Tensor> object_scores(const HeadChannels& head,
                                         const std::vector<torch::Tensor>& teacher);

// A scalar, 0 where the outputs are equal.  `student` and `teacher` begin with the body's outputs.
torch::Tensor head_loss(const HeadChannels& head, const std::vector<torch::Tensor>& student,
                        const std::vector<torch::Tensor>& teacher);

}  // namespace pare::engine
