// Calibration images with what counts in them: where the original sees objects.  With a raw head
// nobody can say where that is, and every place counts alike.
//
// Cost: an inference of the whole detector an image; all of them are kept in memory.
#pragma once

#include <vector>

#include "core/result.h"
#include "engine/pipeline/detector.h"
#include "engine/pipeline/foreground.h"
#include "engine/pipeline/prepare.h"

namespace pare::engine {

struct SampleImage {
  Tensor input;
  PositionWeights weights;
};

// The first `count` images at the model's own size.  Fails as the image source and the executor do.
Result<std::vector<SampleImage>> sample_images(const Detector& detector, std::size_t count,
                                               const ImageSource& image);

}  // namespace pare::engine
