#include "engine/detect/nms.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>
#include <utility>

namespace pare::engine {
namespace {

bool is_candidate(const Detection& d, double score_threshold) {
  return std::isfinite(d.score) && d.score > score_threshold && std::isfinite(d.box.x) &&
         std::isfinite(d.box.y) && std::isfinite(d.box.width) && std::isfinite(d.box.height);
}

// How far two boxes say the same.
double overlap(const Detection& a, const Detection& b, const NmsOptions& options) {
  if (options.class_aware && a.category != b.category) return 0;
  return iou(a.box, b.box);
}

bool is_suppressed(const Detection& d, std::span<const Detection> better,
                   const NmsOptions& options) {
  return std::ranges::any_of(better, [&](const Detection& one) {
    return overlap(one, d, options) > options.iou_threshold;
  });
}

bool are_enough(const std::vector<Detection>& kept, const NmsOptions& options) {
  return static_cast<int>(kept.size()) >= options.max_detections;
}

// All below: candidates come with the best score first.
std::vector<Detection> greedy(const std::vector<Detection>& candidates, const NmsOptions& options) {
  std::vector<Detection> kept;
  for (const Detection& candidate : candidates) {
    if (are_enough(kept, options)) break;
    if (!is_suppressed(candidate, kept, options)) kept.push_back(candidate);
  }
  return kept;
}

std::vector<Detection> fast(const std::vector<Detection>& candidates, const NmsOptions& options) {
  std::vector<Detection> kept;
  for (std::size_t i = 0; i < candidates.size() && !are_enough(kept, options); ++i) {
    const auto better = std::span(candidates).first(i);
    if (!is_suppressed(candidates[i], better, options)) kept.push_back(candidates[i]);
  }
  return kept;
}

// Corners, weighed by score and overlap.
Box mean_of(const Detection& kept, std::span<const Detection> alike, const NmsOptions& options) {
  double sum = 0;
  Box mean{};
  for (const Detection& one : alike) {
    const double same = overlap(kept, one, options);
    if (!(same > options.iou_threshold)) continue;
    const double weight = one.score * same;
    sum += weight;
    mean.x += weight * one.box.x;
    mean.y += weight * one.box.y;
    mean.width += weight * one.box.width;
    mean.height += weight * one.box.height;
  }
  if (!(sum > 0)) return kept.box;  // a box without area overlaps nothing, itself neither
  return {mean.x / sum, mean.y / sum, mean.width / sum, mean.height / sum};
}

std::vector<Detection> weighted(const std::vector<Detection>& candidates,
                                const NmsOptions& options) {
  std::vector<Detection> kept = greedy(candidates, options);
  for (Detection& one : kept) one.box = mean_of(one, candidates, options);
  return kept;
}

double share_left(double same, const NmsOptions& options) {
  if (options.kind == NmsKind::kSoftGaussian) return std::exp(-same * same / options.sigma);
  return same > options.iou_threshold ? 1 - same : 1;
}

std::vector<Detection> soft(std::vector<Detection> candidates, const NmsOptions& options) {
  std::vector<Detection> kept;
  while (!candidates.empty() && !are_enough(kept, options)) {
    const auto best = std::ranges::max_element(candidates, {}, &Detection::score);
    kept.push_back(*best);
    candidates.erase(best);
    for (Detection& one : candidates) {
      one.score *= share_left(overlap(kept.back(), one, options), options);
    }
    std::erase_if(candidates,
                  [&](const Detection& d) { return !is_candidate(d, options.score_threshold); });
  }
  return kept;
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
  switch (options.kind) {
    case NmsKind::kGreedy: return greedy(candidates, options);
    case NmsKind::kFast: return fast(candidates, options);
    case NmsKind::kWeighted: return weighted(candidates, options);
    case NmsKind::kSoftLinear:
    case NmsKind::kSoftGaussian: return soft(std::move(candidates), options);
  }
  return candidates;
}

}  // namespace pare::engine
