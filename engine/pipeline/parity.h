// Whether a runtime computes what the executor does: the check behind every accuracy that was
// scored on the executor alone (docs/adr/0006).
#pragma once

#include <cstddef>
#include <vector>

#include "core/result.h"
#include "core/stopwatch.h"
#include "engine/graph/runner.h"

namespace pare::engine {

struct Parity {
  int images = 0;
  double max_error = 0;  // largest difference over the range of that output, worst of all images
};

// Outputs are matched by name.  Fails as the runners do; with kInvalidArgument, naming the output,
// if one is missing or has another shape, or holds a value that is not finite.
Result<Parity> compare_outputs(Runner& expected, Runner& actual, const std::vector<Tensor>& images,
                               Stopwatch& watch);

}  // namespace pare::engine
