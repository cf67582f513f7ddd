// Ground truth and detections of the same image, side by side and checked.  Private to
// engine/detect.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "core/result.h"
#include "engine/detect/coco_map.h"

namespace pare::engine {

struct ImagePair {
  const ImageGroundTruth* truth = nullptr;
  const ImageDetections* detections = nullptr;  // null: none
};
using PairedImages = std::map<std::int64_t, ImagePair>;  // by id: the order of evaluation

// Points into the spans.  Fails as CocoEvaluation::make().
Result<PairedImages> pair_images(std::span<const ImageGroundTruth> ground_truth,
                                 std::span<const ImageDetections> detections, int categories);

// "image 7: what", kInvalidArgument.
Error image_error(std::int64_t image, const std::string& what);

}  // namespace pare::engine
