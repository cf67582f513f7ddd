#include "engine/train/detect/task_aligned.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace pare::engine {
namespace {

constexpr std::size_t kMostAnchorsOfObject = 13;
constexpr int kOverlapPower = 6;

struct Aligned {
  std::size_t anchor = 0;
  float alignment = 0, overlap = 0;
};

float chance(float logit) {
  return 1.0F / (1.0F + std::exp(-logit));
}

Aligned aligned_at(const Predictions& p, std::size_t anchor, const ObjectBox& object) {
  const ObjectBox box{p.boxes[4 * anchor], p.boxes[4 * anchor + 1], p.boxes[4 * anchor + 2],
                      p.boxes[4 * anchor + 3], 0};
  const std::size_t logit = anchor * p.class_count + static_cast<std::size_t>(object.category);
  const float score = chance(p.classes[logit]) * chance(p.objectness[anchor]);
  const float overlap = intersection_over_union(box, object);
  return {anchor, score * std::pow(overlap, static_cast<float>(kOverlapPower)), overlap};
}

struct Place {
  float distance = 0;
  bool inside = false;
};

Place place_of(const AnchorGrid& grid, std::size_t anchor, const ObjectBox& object) {
  const float stride = grid.stride[anchor];
  const float dx = std::abs((grid.x[anchor] + 0.5F) * stride - object.centre_x);
  const float dy = std::abs((grid.y[anchor] + 0.5F) * stride - object.centre_y);
  return {std::hypot(dx, dy), dx < object.width / 2 && dy < object.height / 2};
}

// The best ones first; anchors of equal alignment in their order.
std::vector<Aligned> best_anchors(const AnchorGrid& grid, const Predictions& p,
                                  const ObjectBox& object) {
  std::vector<Aligned> inside;
  std::size_t nearest = 0;
  float least = std::numeric_limits<float>::max();
  for (std::size_t a = 0; a < grid.size(); ++a) {
    const Place place = place_of(grid, a, object);
    if (place.inside) inside.push_back(aligned_at(p, a, object));
    if (place.distance < least) {
      least = place.distance;
      nearest = a;
    }
  }
  if (inside.empty() && grid.size() > 0) inside.push_back(aligned_at(p, nearest, object));
  std::ranges::stable_sort(inside, std::greater<>(), &Aligned::alignment);
  inside.resize(std::min(inside.size(), kMostAnchorsOfObject));
  return inside;
}

}  // namespace

std::vector<Assignment> assign_task_aligned(const AnchorGrid& grid, const Predictions& predicted,
                                            std::span<const ObjectBox> objects) {
  std::vector<float> most(grid.size(), -1.0F);  // overlap with the object that has the anchor
  std::vector<Assignment> of_anchor(grid.size());
  for (std::size_t g = 0; g < objects.size(); ++g) {
    const std::vector<Aligned> best = best_anchors(grid, predicted, objects[g]);
    if (best.empty()) continue;
    const float highest = std::max(best.front().alignment, std::numeric_limits<float>::min());
    const float reach = std::ranges::max(best, {}, &Aligned::overlap).overlap;
    for (const Aligned& a : best) {
      if (a.overlap <= most[a.anchor]) continue;
      most[a.anchor] = a.overlap;
      of_anchor[a.anchor] = {a.anchor, g, a.alignment / highest * reach};
    }
  }
  std::vector<Assignment> out;
  for (std::size_t a = 0; a < grid.size(); ++a) {
    if (most[a] >= 0) out.push_back(of_anchor[a]);
  }
  return out;
}

}  // namespace pare::engine
