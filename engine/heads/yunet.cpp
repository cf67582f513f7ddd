#include "engine/heads/yunet.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/heads/box_rows.h"
#include "engine/heads/face_maps.h"

namespace pare::engine {
namespace {

constexpr MapPart kParts[] = {{1, true}, {1, true}, {4, false}, {kKeyPointColumns, false}};

Result<HeadMatch> recognise(const Graph& graph, const Observation& observed) {
  auto match = match_map_parts("yunet", graph, observed, kParts);
  if (!match) return match;
  HeadMatch found = std::move(match).value();
  found.classes = 1;
  for (const MapOutput& output : found.map_outputs) {
    if (output.anchors == 1 && output.weight == 1) continue;
    return Error{ErrorCode::kUnsupported, "\"" + output.name + "\" has " +
                                              std::to_string(output.anchors) +
                                              " boxes a cell, or its map is scaled"};
  }
  return found;
}

Result<std::vector<Detection>> decode(std::span<const Tensor> outputs, int height, int width,
                                      double score_threshold) {
  const auto levels = face_levels(outputs, height, width, 2, 1);
  if (levels.empty()) {
    return not_outputs_of("yunet", outputs, height, width,
                          "(1, cells, 1) twice, (1, cells, 4) and maybe (1, cells, 10) for each "
                          "stride");
  }
  return read_faces(levels, score_threshold, [](const MapLevel& level, std::int64_t row, Box& box) {
    const auto scores = of_columns(level, 1);
    const MapRows& numbers = *of_columns(level, 4)[0];
    const double stride = level.stride;
    const double w = std::exp(numbers.at(row, 2)) * stride;
    const double h = std::exp(numbers.at(row, 3)) * stride;
    const auto column = static_cast<double>(row % level.nx);
    const std::int64_t line = row / level.nx;
    box = {(column + numbers.at(row, 0)) * stride - w / 2,
           (static_cast<double>(line) + numbers.at(row, 1)) * stride - h / 2, w, h};
    return std::sqrt(std::max(0.0, scores[0]->at(row, 0)) * std::max(0.0, scores[1]->at(row, 0)));
  });
}

int classes_of(std::span<const Tensor>) {
  return 1;
}

// The two scores are one's as good as the other's: the first is the class.
std::vector<ChannelRange> roles(const HeadMatch& match, const HeadLevel& level) {
  bool first = true;
  return roles_of_map_outputs(match, level, [&](const MapOutput& output) {
    if (!output.sigmoid) return ChannelKind::kOffset;
    return std::exchange(first, false) ? ChannelKind::kClasses : ChannelKind::kObjectness;
  });
}

}  // namespace

HeadDef head_yunet() {
  return {.name = "yunet",
          .preset = {.rgb = false,
                     .resize = Resize::kLetterboxTopLeft,
                     .pad_value = 0,
                     .mean = {0, 0, 0},
                     .std = {1, 1, 1}},
          .recognise = recognise,
          .attach = attach_map_outputs,
          .decode = decode,
          .classes = classes_of,
          .roles = roles};
}

}  // namespace pare::engine
