#include "engine/pipeline/foreground.h"

#include <gtest/gtest.h>

#include <numeric>

namespace pare::engine {
namespace {

double mean_of(const PositionWeights& grid) {
  return std::accumulate(grid.weights.begin(), grid.weights.end(), 0.0) /
         static_cast<double>(grid.weights.size());
}

TEST(Foreground, without_boxes_all_positions_count_the_same) {
  const PositionWeights grid = foreground_weights({}, 64, 96);
  EXPECT_EQ(grid.rows, 8);
  EXPECT_EQ(grid.columns, 12);
  for (const float weight : grid.weights) EXPECT_FLOAT_EQ(weight, 1);
}

TEST(Foreground, boxes_count_more_by_their_score_and_the_mean_stays) {
  const std::vector<Detection> boxes = {{{0, 0, 32, 32}, 0.9, 0}, {{64, 32, 32, 32}, 0.3, 1}};
  const PositionWeights grid = foreground_weights(boxes, 64, 96, 4);
  EXPECT_NEAR(mean_of(grid), 1, 1e-5);
  for (const int stride : {8, 16, 32}) {  // of maps of any stride
    const int height = 64 / stride, width = 96 / stride;
    const float sure = grid.at(0, 0, height, width);
    const float unsure = grid.at(height - 1, width - 1, height, width);
    const float nothing = grid.at(height - 1, 0, height, width);
    EXPECT_NEAR(sure / nothing, 1 + 4 * 0.9, 1e-4);
    EXPECT_NEAR(unsure / nothing, 1 + 4 * 0.3, 1e-4);
  }
}

TEST(Foreground, boxes_beyond_the_edges_and_overlaps_are_harmless) {
  const std::vector<Detection> boxes = {
      {{-500, -500, 2000, 2000}, 0.5, 0}, {{8, 8, 16, 16}, 0.2, 1}, {{200, 200, 10, 10}, 0.9, 2}};
  for (const float weight : foreground_weights(boxes, 64, 64).weights) EXPECT_FLOAT_EQ(weight, 1);
}

}  // namespace
}  // namespace pare::engine
