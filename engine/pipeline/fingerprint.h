// What a candidate answers on a few images, in few numbers (core/output_fingerprint.h).
#pragma once

#include <vector>

#include "core/output_fingerprint.h"
#include "core/result.h"
#include "core/stopwatch.h"
#include "engine/graph/runner.h"

namespace pare::engine {

// Of the outputs that hold floating-point numbers; none where there are no images.  `images` are
// inputs of the network.  Fails as the runner does.  Cost: one inference an image.
Result<OutputFingerprint> fingerprint(Runner& runner, const std::vector<Tensor>& images,
                                      Stopwatch& watch);

}  // namespace pare::engine
