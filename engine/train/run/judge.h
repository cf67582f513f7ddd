// How far sub-networks are from the original on images held out.
#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

#include "engine/train/distill/distillation.h"

namespace pare::engine {

// The mean loss of each sub-network over all images of the batches.  Fails as Distillation::loss().
Result<std::vector<double>> held_out_losses(Distillation& distillation,
                                            std::vector<SubNetwork>& judged,
                                            const std::vector<torch::Tensor>& batches);

// Whether more images would help, in a sentence for people; empty: it is not known that they would.
// What was learned by heart and not by rule shows as a loss that is greater on images held out than
// on as many that were learned from.  `seen`, `held_out`: losses of the same plans on either, after
// training; `images`: learned from.
std::string image_advice(const std::vector<double>& seen, const std::vector<double>& held_out,
                         int images);

// The one whose share is nearest.  REQUIRES: judged is not empty.
std::size_t nearest_to(const std::vector<SubNetwork>& judged, double share);

}  // namespace pare::engine
