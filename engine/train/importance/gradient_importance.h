// What a unit is worth by gradients, without labels: how the outputs change as its gate closes.
//
//   taylor[u] = E |g_u|     fisher[u] = E g_u^2 / 2    for g_u = gradient of a probe by gate u
//
// The second is what the loss rises by, to the second order, if the unit goes and nothing repairs
// it.  worth: likewise for each output of a consumer, E of the squared gradient at each place,
// summed over places: with it rank_by_gram() weighs an error by how much the network minds it.
//
// Cost: a forward and a backward pass an image and probe.  Not thread-safe.
// Sources: Taylor: Molchanov et al. (CVPR 2019); Fisher: Theis et al. (2018), Liu et al. (ICML
// 2021), with the Gauss-Newton matrix of the label-free loss for the labels' (output_probe.h).
#pragma once

#include <torch/torch.h>

#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/prune/importance.h"
#include "engine/train/elastic/elastic_body.h"

namespace pare::engine {

struct GradientImportance {
  std::map<std::string, std::vector<double>> taylor, fisher;  // by group, of each unit
  OutputWorth worth;                                          // by consumer
};

struct GradientOptions {
  int probes = 2;  // of each batch
  std::uint64_t seed = 1;
};

// `images`: inputs of one image each.  Fails as UnitGates::make(), GraphModule::make() and
// forward(); with kInvalidArgument where there is no image, or a gradient is not finite.
Result<GradientImportance> gradient_importance(const ElasticBody& body,
                                               std::span<const torch::Tensor> images,
                                               const GradientOptions& options);

}  // namespace pare::engine
