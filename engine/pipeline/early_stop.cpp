#include "engine/pipeline/early_stop.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "engine/detect/coco_map.h"
#include "engine/detect/half_samples.h"

namespace pare::engine {
namespace {

constexpr double kDeviations = 2.326;  // below zero: 99 % of a normal
constexpr std::uint64_t kSeed = 1;

struct Difference {
  double value = 0;      // candidate minus rival, in mAP
  double deviation = 0;  // its standard error
};

// Nothing where the images have no boxes.
Result<std::optional<Difference>> difference(const CocoEvaluation& candidate,
                                             const CocoEvaluation& rival) {
  const double a = candidate.all().figures.map_50_95;
  const double b = rival.all().figures.map_50_95;
  if (a < 0 || b < 0) return std::optional<Difference>();
  const HalfSampling options{.pairs = kLookPairs, .seed = kSeed};
  const auto of_candidate = half_sample_draws(candidate, options);
  if (!of_candidate) return of_candidate.error();
  const auto of_rival = half_sample_draws(rival, options);
  if (!of_rival) return of_rival.error();
  double sum = 0;
  double squares = 0;
  int draws = 0;
  for (std::size_t i = 0; i < of_rival.value().size(); ++i) {
    if (of_rival.value()[i] < 0) continue;  // no boxes in that half, for either
    const double drawn = of_candidate.value()[i] - of_rival.value()[i];
    sum += drawn;
    squares += drawn * drawn;
    ++draws;
  }
  if (draws < 2) return std::optional<Difference>();
  const double variance = std::max(0.0, (squares - sum * sum / draws) / (draws - 1));
  return std::optional<Difference>({a - b, std::sqrt(variance)});
}

// The entries for some images, in the order of their ids.
template <typename Entry>
std::vector<Entry> of_images(const std::vector<Entry>& all, const std::set<std::int64_t>& ids) {
  std::vector<Entry> some;
  for (const Entry& entry : all) {
    if (ids.contains(entry.image_id)) some.push_back(entry);
  }
  return some;
}

}  // namespace

Result<std::optional<double>> EarlyStop::look(const std::vector<ImageDetections>& so_far) const {
  std::set<std::int64_t> seen;
  for (const ImageDetections& image : so_far) seen.insert(image.image_id);
  const auto boxes = of_images(dataset_.ground_truth, seen);
  const auto categories = static_cast<int>(dataset_.categories.size());
  const auto candidate = CocoEvaluation::make(boxes, so_far, categories);
  if (!candidate) return candidate.error();
  for (const auto& detections : rivals_) {
    const auto rival = CocoEvaluation::make(boxes, of_images(detections, seen), categories);
    if (!rival) return rival.error();
    const auto apart = difference(candidate.value(), rival.value());
    if (!apart) return apart.error();
    if (!apart.value()) continue;
    if (apart.value()->value >= -kDeviations * apart.value()->deviation) continue;
    const auto whole = CocoEvaluation::make(dataset_.ground_truth, detections, categories);
    if (!whole) return whole.error();
    const double expected = whole.value().all().figures.map_50_95 + apart.value()->value;
    return std::optional<double>(std::clamp(expected, 0.0, 1.0));
  }
  return std::optional<double>();
}

}  // namespace pare::engine
