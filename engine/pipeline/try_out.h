// Builds and runs once, on an image of noise, what a search may ask of a model: nothing is called
// possible that was not tried.
//
// On the executor: every input size from half of the model's own up to it (all of them are made,
// four run: the largest, the smallest and two between), int8 at the model's own size (made in every
// placement of Q/DQ, run in one), and every output.  What does not work is in the answer with its
// reason, and the rest goes on.
//
// Cost: six compilations, and shapes of each size; 1 to 5 s of one core.
#pragma once

#include "core/model_summary.h"
#include "core/result.h"
#include "engine/graph/tensor.h"
#include "engine/pipeline/detector.h"

namespace pare::engine {

// Fails with the reason where not even the model as it is, cut and put together again, runs.
Result<Tried> try_out(const Detector& detector);

// An image of random pixels, the same each time, as the network takes it.
Tensor noise_image(const ModelCard& card, int height, int width);

}  // namespace pare::engine
