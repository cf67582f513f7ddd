#include "engine/pipeline/foreground.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace pare::engine {
namespace {

constexpr int kStride = 8;

// Cells whose centre lies between the two edges.
std::pair<int, int> cells_between(double low, double high, int cells) {
  const int first = static_cast<int>(std::ceil(low / kStride - 0.5));
  const int last = static_cast<int>(std::floor(high / kStride - 0.5));
  return {std::clamp(first, 0, cells), std::clamp(last + 1, 0, cells)};
}

}  // namespace

PositionWeights foreground_weights(std::span<const Detection> detections, int height, int width,
                                   double emphasis) {
  PositionWeights grid{std::max(1, height / kStride), std::max(1, width / kStride), {}};
  const auto columns = static_cast<std::size_t>(grid.columns);
  std::vector<float> score(static_cast<std::size_t>(grid.rows) * columns, 0);
  for (const Detection& detection : detections) {
    const Box& box = detection.box;
    const auto [top, bottom] = cells_between(box.y, box.y + box.height, grid.rows);
    const auto [left, right] = cells_between(box.x, box.x + box.width, grid.columns);
    for (int row = top; row < bottom; ++row) {
      for (int column = left; column < right; ++column) {
        float& best =
            score[static_cast<std::size_t>(row) * columns + static_cast<std::size_t>(column)];
        best = std::max(best, static_cast<float>(detection.score));
      }
    }
  }
  double total = 0;
  for (float& s : score) {
    s = 1 + static_cast<float>(emphasis) * s;
    total += double{s};
  }
  const auto mean = static_cast<float>(total / static_cast<double>(score.size()));
  for (float& s : score) s /= mean;
  grid.weights = std::move(score);
  return grid;
}

}  // namespace pare::engine
