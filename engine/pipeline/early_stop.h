// Whether scoring a candidate on more images can still change anything.
//
// A rival is a candidate that is at least as fast on every target concerned and was scored on all
// images.  After part of the images the candidate is compared with each rival on the same images:
// the standard error of the difference in mAP says how sure it is that the
// rival is more accurate, too.  If it is, the candidate is on no front, whatever the other images
// say.  Cost: 4 * kLookPairs evaluations of half of the images seen, a rival and a look.
//
// Not thread-safe.  Keeps a reference to the dataset.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "core/result.h"
#include "engine/data/dataset.h"
#include "engine/detect/detection.h"

namespace pare::engine {

inline constexpr int kLookPairs = 32;

class EarlyStop {
 public:
  // `rivals`: each one's detections in all images.
  EarlyStop(const Dataset& dataset, std::vector<std::vector<ImageDetections>> rivals)
      : dataset_(dataset), rivals_(std::move(rivals)) {}

  bool has_rivals() const noexcept { return !rivals_.empty(); }

  // `so_far` are the candidate's detections, one entry for each image seen.  If a rival beats it
  // with 99 % confidence: what its mAP on all images is expected to be, the rival's plus the
  // difference so far.
  // nullopt: go on.  Fails with kInvalidArgument if a rival was not scored on these images.
  Result<std::optional<double>> look(const std::vector<ImageDetections>& so_far) const;

 private:
  const Dataset& dataset_;
  std::vector<std::vector<ImageDetections>> rivals_;
};

}  // namespace pare::engine
