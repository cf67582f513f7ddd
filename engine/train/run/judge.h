// How far sub-networks are from the original on images held out.
#pragma once

#include <torch/torch.h>

#include <vector>

#include "engine/train/distill/distillation.h"

namespace pare::engine {

// The mean loss of each sub-network over all images of the batches.  Fails as Distillation::loss().
Result<std::vector<double>> held_out_losses(Distillation& distillation,
                                            std::vector<SubNetwork>& judged,
                                            const std::vector<torch::Tensor>& batches);

// The one whose share is nearest.  REQUIRES: judged is not empty.
std::size_t nearest_to(const std::vector<SubNetwork>& judged, double share);

}  // namespace pare::engine
