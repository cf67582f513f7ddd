#include "engine/heads/scrfd.h"

#include <utility>

#include "engine/heads/box_rows.h"
#include "engine/heads/face_maps.h"

namespace pare::engine {
namespace {

constexpr MapPart kParts[] = {{1, true}, {4, false}, {kKeyPointColumns, false}};
constexpr int kMostAnchors = 2;

Result<HeadMatch> recognise(const Graph& graph, const Observation& observed) {
  auto match = match_map_parts("scrfd", graph, observed, kParts);
  if (!match) return match;
  HeadMatch found = std::move(match).value();
  found.classes = 1;
  const MapOutput& first = found.map_outputs.front();
  if (first.anchors <= kMostAnchors) return found;
  return Error{ErrorCode::kUnsupported, "\"" + first.name + "\" has " +
                                            std::to_string(first.anchors) +
                                            " boxes a cell, not one or two"};
}

Result<std::vector<Detection>> decode(std::span<const Tensor> outputs, int height, int width,
                                      double score_threshold) {
  for (const int anchors : {2, 1}) {
    const auto levels = face_levels(outputs, height, width, 1, anchors);
    if (levels.empty()) continue;
    return read_faces(levels, score_threshold,
                      [&](const MapLevel& level, std::int64_t row, Box& box) {
                        const MapRows& sides = *of_columns(level, 4)[0];
                        const double stride = level.stride;
                        const std::int64_t cell = row / anchors;
                        const std::int64_t line = cell / level.nx;
                        const double x = static_cast<double>(cell % level.nx) * stride;
                        const double y = static_cast<double>(line) * stride;
                        box = {x - sides.at(row, 0) * stride, y - sides.at(row, 1) * stride,
                               (sides.at(row, 0) + sides.at(row, 2)) * stride,
                               (sides.at(row, 1) + sides.at(row, 3)) * stride};
                        return of_columns(level, 1)[0]->at(row, 0);
                      });
  }
  return not_outputs_of("scrfd", outputs, height, width,
                        "(1, cells * 2, 1), (1, cells * 2, 4) and maybe (1, cells * 2, 10) for "
                        "each stride");
}

int classes_of(std::span<const Tensor>) {
  return 1;
}

std::vector<ChannelRange> roles(const HeadMatch& match, const HeadLevel& level) {
  return roles_of_map_outputs(match, level, [](const MapOutput& output) {
    return output.sigmoid ? ChannelKind::kClasses : ChannelKind::kOffset;
  });
}

}  // namespace

HeadDef head_scrfd() {
  return {.name = "scrfd",
          .preset = {.rgb = true,
                     .resize = Resize::kLetterboxTopLeft,
                     .pad_value = 0,
                     .mean = {127.5, 127.5, 127.5},
                     .std = {128, 128, 128}},
          .recognise = recognise,
          .attach = attach_map_outputs,
          .decode = decode,
          .classes = classes_of,
          .roles = roles};
}

}  // namespace pare::engine
