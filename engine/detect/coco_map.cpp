#include "engine/detect/coco_map.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <string>

#include "core/check.h"
#include "engine/detect/nms.h"
#include "engine/detect/paired_images.h"

namespace pare::engine {
namespace {

constexpr int kThresholds = 10;
constexpr int kRecalls = 101;
constexpr std::size_t kMaxDetections = 100;

struct Range {
  double low, high;
};
constexpr std::array<Range, kAreaRanges> kRanges = {
    {{0, 1e10}, {0, 32.0 * 32}, {32.0 * 32, 96.0 * 96}, {96.0 * 96, 1e10}}};

// numpy.linspace(first, last, N), to the bit: the last point is set, not computed.
template <int N>
constexpr std::array<double, N> linspace(double first, double last) {
  std::array<double, N> points{};
  const double step = (last - first) / (N - 1);
  for (int i = 0; i < N; ++i) points[static_cast<std::size_t>(i)] = i * step + first;
  points.back() = last;
  return points;
}
constexpr auto kIouThresholds = linspace<kThresholds>(0.5, 0.95);
constexpr auto kRecallPoints = linspace<kRecalls>(0, 1);

bool outside(double area, const Range& range) {
  return area < range.low || area > range.high;
}

double overlap(const Box& detection, const GroundTruthBox& truth) {
  if (!truth.crowd) return iou(detection, truth.box);
  const Box& crowd = truth.box;
  const double width = std::fmin(detection.width + detection.x, crowd.width + crowd.x) -
                       std::fmax(detection.x, crowd.x);
  const double height = std::fmin(detection.height + detection.y, crowd.height + crowd.y) -
                        std::fmax(detection.y, crowd.y);
  if (width <= 0 || height <= 0) return 0;
  return width * height / (detection.width * detection.height);
}

template <typename T>
std::vector<T> of_category(const std::vector<T>& all, int category) {
  std::vector<T> some;
  std::ranges::copy_if(all, std::back_inserter(some),
                       [&](const T& one) { return one.category == category; });
  return some;
}

}  // namespace

// Matches the detections of one image and category, cocoeval.py's evaluateImg.
struct CocoEvaluation::Matcher {
  std::vector<GroundTruthBox> truths;
  std::vector<Detection> found;  // best score first, at most kMaxDetections
  std::vector<double> overlaps;  // [detection][truth]

  Matcher(std::vector<GroundTruthBox> boxes, std::vector<Detection> detections)
      : truths(std::move(boxes)), found(std::move(detections)) {
    std::ranges::stable_sort(found, std::ranges::greater{}, &Detection::score);
    if (found.size() > kMaxDetections) found.resize(kMaxDetections);
    overlaps.reserve(found.size() * truths.size());
    for (const Detection& d : found) {
      for (const GroundTruthBox& g : truths) overlaps.push_back(overlap(d.box, g));
    }
  }

  bool is_ignored(std::size_t truth, const Range& range) const {
    return truths[truth].crowd || outside(truths[truth].area, range);
  }

  // Truths that count come first, each kind in the order of the annotations.
  std::vector<std::size_t> order(const Range& range) const {
    std::vector<std::size_t> indices(truths.size());
    std::iota(indices.begin(), indices.end(), std::size_t{0});
    std::ranges::stable_partition(indices, [&](std::size_t i) { return !is_ignored(i, range); });
    return indices;
  }

  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

  // The free truth that this detection overlaps most, at least by `threshold`.
  std::size_t best_truth(std::size_t detection, double threshold, const Range& range,
                         const std::vector<std::size_t>& truth_order,
                         const std::vector<bool>& taken) const {
    double best = std::min(threshold, 1 - 1e-10);
    std::size_t match = kNone;
    for (const std::size_t g : truth_order) {
      if (taken[g] && !truths[g].crowd) continue;
      if (match != kNone && !is_ignored(match, range) && is_ignored(g, range)) break;
      const double here = overlaps[detection * truths.size() + g];
      if (here < best) continue;
      best = here;
      match = g;
    }
    return match;
  }

  void match(std::size_t area, std::span<Scored> out) const {
    const Range& range = kRanges[area];
    const std::vector<std::size_t> truth_order = order(range);
    for (std::size_t t = 0; t < kIouThresholds.size(); ++t) {
      const auto bit = static_cast<std::uint16_t>(1U << t);
      std::vector<bool> taken(truths.size(), false);
      for (std::size_t d = 0; d < found.size(); ++d) {
        const std::size_t g = best_truth(d, kIouThresholds[t], range, truth_order, taken);
        const Box& box = found[d].box;
        if (g != kNone) {
          taken[g] = true;
          out[d].matched[area] |= bit;
        }
        const bool ignored =
            g != kNone ? is_ignored(g, range) : outside(box.width * box.height, range);
        if (ignored) out[d].ignored[area] |= bit;
      }
    }
  }

  void append_to(Category& category, std::uint32_t image) const {
    std::vector<Scored> scored(found.size());
    for (std::size_t d = 0; d < found.size(); ++d) {
      scored[d].score = found[d].score;
      scored[d].image = image;
      scored[d].rank = static_cast<std::uint16_t>(d);
    }
    Countable countable{.image = image};
    for (std::size_t area = 0; area < kAreaRanges; ++area) {
      match(area, scored);
      for (std::size_t g = 0; g < truths.size(); ++g) {
        if (!is_ignored(g, kRanges[area])) ++countable.boxes[area];
      }
    }
    category.detections.insert(category.detections.end(), scored.begin(), scored.end());
    if (countable.boxes[0] > 0) category.ground_truth.push_back(countable);
  }
};

// Precision and recall of one category in one area range, cocoeval.py's accumulate.
struct CocoEvaluation::Curve {
  const Category& category;
  std::span<const int> weights;
  std::size_t area;
  double positives = 0;

  Curve(const Category& of, std::span<const int> with, AreaRange range)
      : category(of), weights(with), area(static_cast<std::size_t>(range)) {
    for (const Countable& c : category.ground_truth) {
      positives += static_cast<double>(c.boxes[area]) * weights[c.image];
    }
  }

  bool exists() const { return positives > 0; }

  // Share of the boxes found by the best `max_rank` detections of each image.
  double recall(std::size_t threshold, std::size_t max_rank) const {
    double hits = 0;
    for (const Scored& d : category.detections) {
      const int hit = (d.matched[area] & ~d.ignored[area]) >> threshold & 1;
      if (hit != 0 && d.rank < max_rank) hits += weights[d.image];
    }
    return hits / positives;
  }

  struct Point {
    double recall, precision;
  };

  using Points = std::array<std::vector<Point>, kThresholds>;

  // Only hits move the recall and raise the precision, so only they are points.  Most detections
  // miss at every threshold: one count for all of them.
  void collect(Points& points) const {
    std::array<double, kThresholds> hits{};
    std::array<double, kThresholds> misses{};
    double missed_everywhere = 0;
    for (std::vector<Point>& one : points) one.clear();
    for (const Scored& d : category.detections) {
      const double weight = weights[d.image];
      if (weight == 0) continue;
      const unsigned ignored = d.ignored[area];
      const unsigned matched = d.matched[area];
      if (matched == 0 && ignored == 0) {
        missed_everywhere += weight;
        continue;
      }
      for (std::size_t t = 0; t < kThresholds; ++t) {
        if ((ignored >> t & 1) != 0) continue;
        if ((matched >> t & 1) == 0) {
          misses[t] += weight;
          continue;
        }
        hits[t] += weight;
        const double all = misses[t] + missed_everywhere + hits[t];
        points[t].push_back(
            {hits[t] / positives, hits[t] / (all + std::numeric_limits<double>::epsilon())});
      }
    }
  }

  // Mean over the recall points of the best precision at that recall or a higher one.
  static double average(const std::vector<Point>& points) {
    if (points.empty()) return 0;
    const auto reached =
        std::ranges::upper_bound(kRecallPoints, points.back().recall) - kRecallPoints.begin();
    auto left = static_cast<std::size_t>(reached);
    double sum = 0;
    double best = 0;
    for (std::size_t k = points.size(); k-- > 0;) {
      best = std::max(best, points[k].precision);
      const double below = k == 0 ? -1 : points[k - 1].recall;
      for (; left > 0 && kRecallPoints[left - 1] > below; --left) sum += best;
    }
    return sum / kRecalls;
  }

  // At each IoU threshold.
  std::array<double, kThresholds> average_precisions(Points& scratch) const {
    collect(scratch);
    std::array<double, kThresholds> made{};
    std::ranges::transform(scratch, made.begin(), average);
    return made;
  }
};

double mean_of_present(std::span<const double> values) noexcept {
  double sum = 0;
  int present = 0;
  for (const double value : values) {
    if (value == -1) continue;
    sum += value;
    ++present;
  }
  return present == 0 ? -1 : sum / present;
}

std::array<std::pair<std::string_view, double>, 12> by_name(const CocoFigures& f) {
  return {{{"map_50_95", f.map_50_95},
           {"map_50", f.map_50},
           {"map_75", f.map_75},
           {"map_small", f.map_small},
           {"map_medium", f.map_medium},
           {"map_large", f.map_large},
           {"mar_1", f.mar_1},
           {"mar_10", f.mar_10},
           {"mar_100", f.mar_100},
           {"mar_small", f.mar_small},
           {"mar_medium", f.mar_medium},
           {"mar_large", f.mar_large}}};
}

Result<CocoEvaluation> CocoEvaluation::make(std::span<const ImageGroundTruth> ground_truth,
                                            std::span<const ImageDetections> detections,
                                            int categories) {
  const auto images = pair_images(ground_truth, detections, categories);
  if (!images) return images.error();
  CocoEvaluation made;
  made.categories_.resize(static_cast<std::size_t>(categories));
  for (const auto& [id, image] : images.value()) {
    const auto index = static_cast<std::uint32_t>(made.image_ids_.size());
    made.image_ids_.push_back(id);
    std::vector<bool> seen(made.categories_.size(), false);
    const std::vector<Detection> none;
    const auto& found = image.detections == nullptr ? none : image.detections->detections;
    for (const GroundTruthBox& g : image.truth->boxes) seen[std::size_t(g.category)] = true;
    for (const Detection& d : found) seen[std::size_t(d.category)] = true;
    for (int c = 0; c < categories; ++c) {
      if (!seen[std::size_t(c)]) continue;
      Matcher(of_category(image.truth->boxes, c), of_category(found, c))
          .append_to(made.categories_[std::size_t(c)], index);
    }
  }
  for (Category& category : made.categories_) {
    std::ranges::stable_sort(category.detections, std::ranges::greater{}, &Scored::score);
  }
  return made;
}

std::vector<double> CocoEvaluation::average_precisions(std::span<const int> weights,
                                                       AreaRange area) const {
  PARE_CHECK(weights.size() == image_ids_.size(), "one weight for each image");
  std::vector<double> precisions;
  Curve::Points scratch;
  for (const Category& category : categories_) {
    const Curve curve(category, weights, area);
    precisions.push_back(curve.exists() ? mean_of_present(curve.average_precisions(scratch)) : -1);
  }
  return precisions;
}

std::vector<int> CocoEvaluation::boxes(std::span<const int> weights, AreaRange area) const {
  PARE_CHECK(weights.size() == image_ids_.size(), "one weight for each image");
  std::vector<int> counts;
  for (const Category& category : categories_) {
    int count = 0;
    for (const Countable& one : category.ground_truth) {
      count += weights[one.image] * static_cast<int>(one.boxes[static_cast<std::size_t>(area)]);
    }
    counts.push_back(count);
  }
  return counts;
}

CocoResult CocoEvaluation::result(std::span<const int> weights) const {
  const auto mean_precision = [&](AreaRange area) {
    return mean_of_present(average_precisions(weights, area));
  };
  const auto mean_at = [&](std::size_t threshold) {
    std::vector<double> values;
    Curve::Points scratch;
    for (const Category& category : categories_) {
      const Curve curve(category, weights, AreaRange::kAll);
      values.push_back(curve.exists() ? curve.average_precisions(scratch)[threshold] : -1);
    }
    return mean_of_present(values);
  };
  const auto mean_recall = [&](AreaRange area, std::size_t max_rank) {
    std::vector<double> values;
    for (const Category& category : categories_) {
      const Curve curve(category, weights, area);
      for (std::size_t t = 0; t < kThresholds; ++t) {
        values.push_back(curve.exists() ? curve.recall(t, max_rank) : -1);
      }
    }
    return mean_of_present(values);
  };
  CocoResult made;
  made.per_class = average_precisions(weights, AreaRange::kAll);
  made.images = static_cast<int>(std::ranges::count_if(weights, [](int w) { return w > 0; }));
  made.figures = {.map_50_95 = mean_of_present(made.per_class),
                  .map_50 = mean_at(0),
                  .map_75 = mean_at(5),
                  .map_small = mean_precision(AreaRange::kSmall),
                  .map_medium = mean_precision(AreaRange::kMedium),
                  .map_large = mean_precision(AreaRange::kLarge),
                  .mar_1 = mean_recall(AreaRange::kAll, 1),
                  .mar_10 = mean_recall(AreaRange::kAll, 10),
                  .mar_100 = mean_recall(AreaRange::kAll, kMaxDetections),
                  .mar_small = mean_recall(AreaRange::kSmall, kMaxDetections),
                  .mar_medium = mean_recall(AreaRange::kMedium, kMaxDetections),
                  .mar_large = mean_recall(AreaRange::kLarge, kMaxDetections)};
  return made;
}

CocoResult CocoEvaluation::all() const {
  return result(std::vector<int>(image_ids_.size(), 1));
}

Result<CocoResult> CocoEvaluation::on(std::span<const std::int64_t> image_ids) const {
  std::vector<int> weights(image_ids_.size(), 0);
  for (const std::int64_t id : image_ids) {
    const auto found = std::ranges::lower_bound(image_ids_, id);
    if (found == image_ids_.end() || *found != id)
      return image_error(id, "not among the images scored");
    weights[static_cast<std::size_t>(found - image_ids_.begin())] = 1;
  }
  return result(weights);
}

}  // namespace pare::engine
