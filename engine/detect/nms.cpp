#include "engine/detect/nms.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace pare::engine {
namespace {

bool is_candidate(const Detection& d, double score_threshold) {
  return std::isfinite(d.score) && d.score > score_threshold && std::isfinite(d.box.x) &&
         std::isfinite(d.box.y) && std::isfinite(d.box.width) && std::isfinite(d.box.height);
}

bool is_suppressed(const Detection& d, const std::vector<Detection>& kept,
                   const NmsOptions& options) {
  return std::ranges::any_of(kept, [&](const Detection& better) {
    return (!options.class_aware || better.category == d.category) &&
           iou(better.box, d.box) > options.iou_threshold;
  });
}

}  // namespace

double iou(const Box& a, const Box& b) noexcept {
  const double width = std::fmin(a.width + a.x, b.width + b.x) - std::fmax(a.x, b.x);
  if (width <= 0) return 0;
  const double height = std::fmin(a.height + a.y, b.height + b.y) - std::fmax(a.y, b.y);
  if (height <= 0) return 0;
  const double both = width * height;
  return both / (a.width * a.height + b.width * b.height - both);
}

std::vector<Detection> nms(std::vector<Detection> candidates, const NmsOptions& options) {
  std::erase_if(candidates,
                [&](const Detection& d) { return !is_candidate(d, options.score_threshold); });
  std::ranges::stable_sort(candidates, std::ranges::greater{}, &Detection::score);
  std::vector<Detection> kept;
  for (const Detection& candidate : candidates) {
    if (static_cast<int>(kept.size()) >= options.max_detections) break;
    if (!is_suppressed(candidate, kept, options)) kept.push_back(candidate);
  }
  return kept;
}

}  // namespace pare::engine
