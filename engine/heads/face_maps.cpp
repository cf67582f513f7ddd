#include "engine/heads/face_maps.h"

#include <algorithm>

namespace pare::engine {

std::vector<MapLevel> face_levels(std::span<const Tensor> outputs, int height, int width,
                                  std::size_t of_one, int anchors) {
  for (const std::size_t key_points : {std::size_t{1}, std::size_t{0}}) {
    auto levels = map_levels(outputs, height, width, of_one + 1 + key_points, anchors);
    const bool fits = std::ranges::all_of(levels, [&](const MapLevel& level) {
      return of_columns(level, 1).size() == of_one && of_columns(level, 4).size() == 1 &&
             of_columns(level, kKeyPointColumns).size() == key_points;
    });
    if (fits && !levels.empty()) return levels;
  }
  return {};
}

std::vector<Detection> read_faces(const std::vector<MapLevel>& levels, double score_threshold,
                                  const FaceReader& face) {
  std::vector<Detection> found;
  for (const MapLevel& level : levels) {
    for (std::int64_t row = 0; row < level.outputs[0].rows; ++row) {
      Box box;
      const double score = face(level, row, box);
      if (score > score_threshold) found.push_back({box, score, 0});
    }
  }
  return found;
}

}  // namespace pare::engine
