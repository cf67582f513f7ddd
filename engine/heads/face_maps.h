// What the heads of face detectors share whose strides have outputs of their own: scores, boxes
// and, where they are, key points, which are handed out and read as no boxes.  One class.  Private
// to engine/heads.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/heads/head.h"
#include "engine/heads/map_outputs.h"

namespace pare::engine {

constexpr int kKeyPointColumns = 10;  // x and y of five

// One face of a level: its score, and its box where the score is above the threshold.
using FaceReader = std::function<double(const MapLevel& level, std::int64_t row, Box& box)>;

// `columns`: how many outputs of 1 and of 4 columns each stride has, and with `anchors` rows a
// cell. Empty if these are not such outputs for an input of this size, with or without key points.
std::vector<MapLevel> face_levels(std::span<const Tensor> outputs, int height, int width,
                                  std::size_t of_one, int anchors);

std::vector<Detection> read_faces(const std::vector<MapLevel>& levels, double score_threshold,
                                  const FaceReader& face);

}  // namespace pare::engine
