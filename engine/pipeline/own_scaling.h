// What a network does to its image before the first layer that it has learnt: dividing by 255,
// subtracting a mean, turning the channels round.
//
// Pure functions, any thread.  Cost: a walk over the first nodes.
#pragma once

#include <array>

#include "core/model_summary.h"
#include "engine/graph/graph.h"

namespace pare::engine {

// y[i] = scale[i] x[channel[i]] + offset[i]
struct OwnScaling {
  std::array<double, 3> scale = {1, 1, 1};
  std::array<double, 3> offset = {0, 0, 0};
  std::array<int, 3> channel = {0, 1, 2};
  bool scales() const;
  bool turns_channels() const { return channel == std::array{2, 1, 0}; }
};

// Followed from the image, of 1x3xHxW, as long as one node reads it and does a thing like that.
OwnScaling own_scaling(const Graph& graph, const Observation& observed);

// How images are given to a network that scales them itself, if what follows wants them as
// `wanted`: so that both together come to that where there is a usual way (pixels as they are, or
// shares of 255), else by the size of the factor alone.
Preprocessing given_its_scaling(const Preprocessing& wanted, const OwnScaling& own);

}  // namespace pare::engine
