// Which validation images choose and which only check what was chosen.
//
// What looks best on some images was in part lucky on them; images that chose nothing say what is
// left on others.  The split is the same for every candidate and every machine: it follows from the
// ids of the images and the share alone.  Pure, any thread.
#pragma once

#include <vector>

#include "engine/data/dataset.h"
#include "engine/detect/detection.h"

namespace pare::engine {

struct ValidationSplit {
  Dataset choosing;   // what a search goes by
  Dataset held_back;  // no images where the share is 0
};

// `share` of the images are held back, to the nearest whole number, and never all of them.  Both
// parts keep calibration and categories.  REQUIRES: 0 <= share < 1.
ValidationSplit split_validation(const Dataset& dataset, double share);

// Those of the dataset's images, in their order.
std::vector<ImageDetections> of_dataset(const std::vector<ImageDetections>& detections,
                                        const Dataset& dataset);

}  // namespace pare::engine
