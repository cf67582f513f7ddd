// Detections as COCO results: [{"image_id": 7, "category_id": 3, "bbox": [x, y, w, h], "score":
// s}].
//
// What every scoring leaves behind, and what the scoring of a slower candidate and each comparison
// read again: thousands of boxes an evaluation, so that neither makes a tree of them first.
// Cost: about 3 ms to write 10,000 boxes, 8 ms to read them.  Pure, any thread.
// Source: https://cocodataset.org, "Results Format".
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "engine/data/dataset.h"
#include "engine/detect/detection.h"

namespace pare::engine {

// Every number reads as what it was; one that is not finite is null, which does not read.
// REQUIRES: each category is an index of `categories`.
std::string detections_to_json(const std::vector<ImageDetections>& detections,
                               const std::vector<Category>& categories);

// Images in the order of their ids, an image's boxes in the order they stand in.  Fails with
// kInvalidArgument, saying what is wrong, for a text that is no such list, and for a category that
// is none of these.
Result<std::vector<ImageDetections>> parse_detections(const std::string& json,
                                                      const std::vector<Category>& categories);

}  // namespace pare::engine
