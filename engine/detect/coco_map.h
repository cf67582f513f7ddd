// COCO's evaluation of detections: average precision and recall, all twelve figures.
//
// Promises the figures of pycocotools to 1e-9 on the same detections: its matching order (best
// score first, ground truth that counts before ground truth to ignore, a crowd matches any number
// of times), its area ranges, 101 recall points, and -1 where there is no ground truth.  One
// difference: pycocotools takes an annotation whose id is 0 for "no match"; ids do not matter here.
//
// Matching does not depend on the other images, so make() does it once, O(detections * boxes) in
// each image and class, and figures over any images, taken any number of times, cost one pass over
// the sorted detections.  An object never changes; any number of threads may read it.
//
// Source: Lin et al., Microsoft COCO (2014); cocoapi PythonAPI/pycocotools/cocoeval.py,
// version 2.0.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"
#include "engine/detect/detection.h"

namespace pare::engine {

struct GroundTruthBox {
  Box box;
  double area = 0;     // decides the area range; of the object, not always of its box
  bool crowd = false;  // many objects under one box: matched, it neither counts nor costs
  int category = 0;
};

struct ImageGroundTruth {
  std::int64_t image_id = 0;
  std::vector<GroundTruthBox> boxes;
};

// In [0, 1]; -1 where no box of that size exists.
struct CocoFigures {
  double map_50_95 = -1, map_50 = -1, map_75 = -1;
  double map_small = -1, map_medium = -1, map_large = -1;
  double mar_1 = -1, mar_10 = -1, mar_100 = -1;
  double mar_small = -1, mar_medium = -1, mar_large = -1;
};

// Names and values in pycocotools' order of printing.
std::array<std::pair<std::string_view, double>, 12> by_name(const CocoFigures& figures);

struct CocoResult {
  CocoFigures figures;
  std::vector<double> per_class;  // AP of each category, all sizes; -1 without ground truth
  int images = 0;
};

enum class AreaRange : std::uint8_t { kAll, kSmall, kMedium, kLarge };
inline constexpr std::size_t kAreaRanges = 4;

class CocoEvaluation {
 public:
  // Fails with kInvalidArgument, naming the image: an image that comes twice, detections of an
  // image without ground truth, a category outside [0, categories), a number that is not finite.
  // An image without detections need not be listed there.
  static Result<CocoEvaluation> make(std::span<const ImageGroundTruth> ground_truth,
                                     std::span<const ImageDetections> detections, int categories);

  // Ascending; the order of the weights below.
  const std::vector<std::int64_t>& image_ids() const noexcept { return image_ids_; }
  int categories() const noexcept { return static_cast<int>(categories_.size()); }

  CocoResult all() const;

  // Over these images only; an id listed twice counts once.  Fails with kInvalidArgument on an id
  // that is not in image_ids().
  Result<CocoResult> on(std::span<const std::int64_t> image_ids) const;

  // AP over IoU 0.50:0.95 of each category, image i counted weights[i] times.
  // REQUIRES: weights.size() == image_ids().size(), none negative.
  std::vector<double> average_precisions(std::span<const int> weights, AreaRange area) const;

  // Boxes of each category that count, image i weights[i] times.  REQUIRES: as above.
  std::vector<int> boxes(std::span<const int> weights, AreaRange area) const;

 private:
  // One detection of one category, matched at the ten IoU thresholds (bit t: threshold t).
  struct Scored {
    double score = 0;
    std::uint32_t image = 0;
    std::uint16_t rank = 0;  // within its image and category
    std::array<std::uint16_t, kAreaRanges> matched = {};
    std::array<std::uint16_t, kAreaRanges> ignored = {};
  };
  struct Countable {  // boxes of one image that count
    std::uint32_t image = 0;
    std::array<std::uint32_t, kAreaRanges> boxes = {};
  };
  struct Category {
    std::vector<Scored> detections;  // best score first, then by image, then by rank
    std::vector<Countable> ground_truth;
  };
  struct Matcher;
  struct Curve;

  CocoResult result(std::span<const int> weights) const;

  std::vector<std::int64_t> image_ids_;
  std::vector<Category> categories_;
};

// Mean of the entries that are not -1; -1 if all of them are.
double mean_of_present(std::span<const double> values) noexcept;

}  // namespace pare::engine
