#include "engine/train/detect/sim_ota.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace pare::engine {
namespace {

constexpr float kCentreRadius = 1.5F;  // in cells
constexpr float kOverlapWeight = 3.0F;
constexpr float kFarCost = 1e5F;  // near the object, but not both in its box and in its centre
constexpr std::size_t kMostAnchors = 10;

float sigmoid(float x) {
  return 1.0F / (1.0F + std::exp(-x));
}

struct Candidate {
  std::size_t anchor = 0;
  float cost = 0, overlap = 0;
};

// Binary cross entropy of sqrt(class * objectness) against the one-hot category.
float class_cost(const Predictions& p, std::size_t anchor, int category) {
  const float objectness = sigmoid(p.objectness[anchor]);
  float cost = 0;
  for (std::size_t c = 0; c < p.class_count; ++c) {
    const float score = std::sqrt(sigmoid(p.classes[anchor * p.class_count + c]) * objectness);
    const float right = static_cast<int>(c) == category ? score : 1.0F - score;
    cost -= std::log(std::max(right, 1e-7F));
  }
  return cost;
}

std::vector<Candidate> candidates_of(const AnchorGrid& grid, const Predictions& p,
                                     const ObjectBox& object) {
  std::vector<Candidate> candidates;
  for (std::size_t a = 0; a < grid.size(); ++a) {
    const float stride = grid.stride[a];
    const float dx = std::abs((grid.x[a] + 0.5F) * stride - object.centre_x);
    const float dy = std::abs((grid.y[a] + 0.5F) * stride - object.centre_y);
    const bool in_box = dx < object.width / 2 && dy < object.height / 2;
    const bool in_centre = dx < kCentreRadius * stride && dy < kCentreRadius * stride;
    if (!in_box && !in_centre) continue;
    const ObjectBox box{p.boxes[4 * a], p.boxes[4 * a + 1], p.boxes[4 * a + 2], p.boxes[4 * a + 3],
                        0};
    const float overlap = intersection_over_union(box, object);
    const float cost = class_cost(p, a, object.category) -
                       kOverlapWeight * std::log(std::max(overlap, 1e-8F)) +
                       (in_box && in_centre ? 0.0F : kFarCost);
    candidates.push_back({a, cost, overlap});
  }
  return candidates;
}

std::size_t anchors_wanted(const std::vector<Candidate>& candidates) {
  std::vector<float> overlaps;
  for (const Candidate& c : candidates) overlaps.push_back(c.overlap);
  const std::size_t best = std::min(kMostAnchors, overlaps.size());
  std::partial_sort(overlaps.begin(), overlaps.begin() + static_cast<std::ptrdiff_t>(best),
                    overlaps.end(), std::greater<>());
  float sum = 0;
  for (std::size_t i = 0; i < best; ++i) sum += overlaps[i];
  return std::clamp<std::size_t>(static_cast<std::size_t>(sum), 1, candidates.size());
}

}  // namespace

AnchorGrid make_anchor_grid(int size, std::span<const int> strides) {
  AnchorGrid grid;
  for (const int stride : strides) {
    const int cells = size / stride;
    for (int y = 0; y < cells; ++y) {
      for (int x = 0; x < cells; ++x) {
        grid.x.push_back(static_cast<float>(x));
        grid.y.push_back(static_cast<float>(y));
        grid.stride.push_back(static_cast<float>(stride));
      }
    }
  }
  return grid;
}

float intersection_over_union(const ObjectBox& a, const ObjectBox& b) {
  const auto shared = [](float c1, float s1, float c2, float s2) {
    const float low = std::max(c1 - s1 / 2, c2 - s2 / 2);
    const float high = std::min(c1 + s1 / 2, c2 + s2 / 2);
    return std::max(0.0F, high - low);
  };
  const float both = shared(a.centre_x, a.width, b.centre_x, b.width) *
                     shared(a.centre_y, a.height, b.centre_y, b.height);
  const float either = a.width * a.height + b.width * b.height - both;
  return either > 0 ? both / either : 0.0F;
}

std::vector<Assignment> assign_sim_ota(const AnchorGrid& grid, const Predictions& predicted,
                                       std::span<const ObjectBox> objects) {
  std::vector<float> least(grid.size(), std::numeric_limits<float>::max());
  std::vector<Assignment> of_anchor(grid.size());
  for (std::size_t g = 0; g < objects.size(); ++g) {
    std::vector<Candidate> candidates = candidates_of(grid, predicted, objects[g]);
    if (candidates.empty()) continue;
    const std::size_t wanted = anchors_wanted(candidates);
    std::partial_sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(wanted),
                      candidates.end(),
                      [](const Candidate& a, const Candidate& b) { return a.cost < b.cost; });
    for (std::size_t i = 0; i < wanted; ++i) {
      const Candidate& c = candidates[i];
      if (c.cost >= least[c.anchor]) continue;
      least[c.anchor] = c.cost;
      of_anchor[c.anchor] = {c.anchor, g, c.overlap};
    }
  }
  std::vector<Assignment> out;
  for (std::size_t a = 0; a < grid.size(); ++a) {
    if (least[a] < std::numeric_limits<float>::max()) out.push_back(of_anchor[a]);
  }
  return out;
}

}  // namespace pare::engine
