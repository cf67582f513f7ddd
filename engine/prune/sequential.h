// Repairs the consumers of a pruned network one after the other, each fitted to the original's
// outputs on the inputs that the pruned network, repaired up to there, gives it.
//
// So errors from upstream are made good where they arrive.  The ridge towards the weights that
// come in is chosen on the held-back images.
//
// The network is run in pieces: from the consumers' inputs that are known to the next one's, for
// all images, then that consumer is fitted.
// Cost: one inference of the original and about one to two of the network an image, a compilation
// of each piece (10 to 50 ms), and what is kept in memory: the tensors that cross from piece to
// piece, for every image (yolov5n at 640: about 20 MB each).  One thread.
// Source: the asymmetric fit of He et al., Channel Pruning (ICCV 2017), section 3.2.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/graph/runner.h"
#include "engine/graph/tensor.h"
#include "engine/prune/prune.h"

namespace pare::engine {

// Makes a runner that returns the wanted tensors of a graph.
using RunnerFactory = std::function<Result<std::unique_ptr<Runner>>(
    const Graph& graph, const std::vector<std::string>& wanted)>;

struct SequentialOptions {
  int positions_per_image = 256;
  int held_back_every = 5;  // each fifth image chooses the ridge; 0: none, the ridge is 1e-3
  std::uint64_t seed = 1;
};

// `images`: calibration images as the network's input.  `start`: the graph at full width whose
// consumers' weights are to begin with (reconstruct()'s or the original's); `graph`: the original.
// Returns the graph at full width with the consumers' weights fitted, zero for what goes: prune()
// takes the channels out. Fails as the runners do.
Result<Graph> reconstruct_in_sequence(const Graph& graph, const Graph& start,
                                      const Observation& observed, const Groups& groups,
                                      const RemovedUnits& removed, std::span<const Tensor> images,
                                      const RunnerFactory& make_runner,
                                      const SequentialOptions& options = {});

}  // namespace pare::engine
