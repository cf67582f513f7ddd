// Many images through one detector so that the runtime hardly waits for us: while image i runs,
// image i + 1 is lined up behind it, image i + 2 is read and handed over, and the outputs of image
// i - 1 are fetched and looked at.
//
// For accuracy only: what runs beside an inference changes its time.  Two helper threads live as
// long as an image.  The same calls with the same values in the same order as one after the other.
#pragma once

#include <cstddef>
#include <functional>
#include <variant>
#include <vector>

#include "core/result.h"
#include "core/stopwatch.h"
#include "engine/data/preprocess.h"
#include "engine/graph/runner.h"

namespace pare::engine {

struct InputImage {
  Tensor tensor;
  Placement placement;
};

// Called in the order of the images, at most one call of each at a time, in threads of their own.
using PrepareImage = std::function<Result<InputImage>(std::size_t i)>;
using UseOutputs = std::function<Result<std::monostate>(
    std::size_t i, const std::vector<Tensor>& outputs, const Placement& placement)>;

// Fails with the first failure of a step; nothing runs any more then.  `watch` gets what this
// thread spent: waiting for an image (preprocess), inference, the runtime's exchange, waiting for
// the outputs of the image before (decode).
Result<std::monostate> run_overlapped(Runner& runner, std::size_t images,
                                      const PrepareImage& prepare, const UseOutputs& use,
                                      Stopwatch& watch);

// run() with its time told to `watch`: inference, and the runtime's exchange.
Result<std::vector<Tensor>> run_timed(Runner& runner, const Tensor& input, Stopwatch& watch);

}  // namespace pare::engine
