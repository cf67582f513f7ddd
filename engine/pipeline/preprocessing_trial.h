// Which way of preparing images fits a detector best, found on a few labelled ones.
//
// A wrong preprocessing fails nothing and costs most of the accuracy: the card's is scored beside
// its neighbours.  What scales pixels is tried first, then the order of colours, then how an image
// is fitted into the input, each from the best so far: nine runs over the images, not twenty-four.
//
// Cost: nine inferences of the whole detector an image, on the executor; 10 to 30 s.
#pragma once

#include <cstddef>

#include "core/preprocessing.h"
#include "core/result.h"
#include "engine/data/dataset.h"
#include "engine/pipeline/detector.h"
#include "engine/pipeline/progress.h"

namespace pare::engine {

inline constexpr std::size_t kTrialImages = 32;

// On at most kTrialImages of those with boxes, evenly spread.  Fails with kUnsupported where the
// head is raw or there is no box, else as score() does.  Its sentences say how the card's way does,
// which does better and by how much, and what to check of an original that finds next to nothing.
Result<PreprocessingTrial> try_preprocessings(const Detector& detector, const Dataset& dataset,
                                              const Progress& progress);

}  // namespace pare::engine
