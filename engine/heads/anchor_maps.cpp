#include "engine/heads/anchor_maps.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "engine/heads/anchor_rows.h"
#include "engine/heads/box_rows.h"
#include "engine/heads/map_outputs.h"
#include "engine/heads/presets.h"
#include "engine/heads/tail_builder.h"
#include "engine/heads/tail_reader.h"

namespace pare::engine {
namespace {

constexpr int kAnchorsOfMap = 3;
constexpr std::int64_t kBeforeClasses = 5;

const AnchorSets* set_for(std::span<const AnchorSets> sets, std::size_t strides) {
  const auto found = std::ranges::find(sets, strides, &AnchorSets::size);
  return found == sets.end() ? nullptr : &*found;
}

// An output as anchors, columns and cells.
struct AnchorMap {
  const Tensor* tensor = nullptr;
  std::int64_t columns = 0, ny = 0, nx = 0;
  bool columns_last = false;
  bool sigmoids = false;

  double at(std::int64_t anchor, std::int64_t column, std::int64_t cell) const {
    const std::int64_t place = columns_last ? (anchor * ny * nx + cell) * columns + column
                                            : (anchor * columns + column) * ny * nx + cell;
    const auto value =
        static_cast<double>(tensor->values<float>()[static_cast<std::size_t>(place)]);
    return sigmoids ? value : 1 / (1 + std::exp(-value));
  }
};

std::optional<AnchorMap> anchor_map(const Tensor& output) {
  const Shape& s = output.shape();
  if (output.dtype() != DType::kFloat32 || s.size() < 4 || s.size() > 5 || s[0] != 1) {
    return std::nullopt;
  }
  AnchorMap map{.tensor = &output};
  if (s.size() == 5) {
    if (s[1] != kAnchorsOfMap) return std::nullopt;
    map = {&output, s[4], s[2], s[3], true};
  } else {
    if (s[1] % kAnchorsOfMap != 0) return std::nullopt;
    map = {&output, s[1] / kAnchorsOfMap, s[2], s[3], false};
  }
  if (map.columns <= kBeforeClasses || element_count(s) < 1) return std::nullopt;
  return map;
}

// Finest first; empty if these are no such maps for an input of this size.
std::vector<AnchorMap> anchor_maps(std::span<const Tensor> outputs, int height, int width) {
  std::vector<AnchorMap> maps;
  bool sigmoids = true;
  for (const Tensor& output : outputs) {
    const auto map = anchor_map(output);
    if (!map) return {};
    maps.push_back(*map);
    sigmoids = sigmoids && std::ranges::all_of(output.values<float>(),
                                               [](float v) { return v >= 0 && v <= 1; });
  }
  std::ranges::sort(maps, std::ranges::greater(), &AnchorMap::ny);
  int stride = 8;
  for (AnchorMap& map : maps) {
    if (map.columns != maps[0].columns || map.ny != cells_along(height, stride) ||
        map.nx != cells_along(width, stride)) {
      return {};
    }
    map.sigmoids = sigmoids;
    stride *= 2;
  }
  return maps;
}

void read_map(const AnchorMap& map, int stride, const std::vector<std::array<double, 2>>& anchors,
              double threshold, std::vector<Detection>& found) {
  for (std::int64_t a = 0; a < kAnchorsOfMap; ++a) {
    for (std::int64_t cell = 0; cell < map.ny * map.nx; ++cell) {
      const double objectness = map.at(a, 4, cell);
      if (!(objectness > threshold)) continue;
      const auto& anchor = anchors[static_cast<std::size_t>(a)];
      const std::int64_t line = cell / map.nx;
      const double x = (2 * map.at(a, 0, cell) - 0.5 + static_cast<double>(cell % map.nx)) * stride;
      const double y = (2 * map.at(a, 1, cell) - 0.5 + static_cast<double>(line)) * stride;
      const double w = std::pow(2 * map.at(a, 2, cell), 2) * anchor[0];
      const double h = std::pow(2 * map.at(a, 3, cell), 2) * anchor[1];
      for (std::int64_t c = kBeforeClasses; c < map.columns; ++c) {
        const double score = objectness * map.at(a, c, cell);
        if (!(score > threshold)) continue;
        found.push_back(
            {{x - w / 2, y - h / 2, w, h}, score, static_cast<int>(c - kBeforeClasses)});
      }
    }
  }
}

Result<HeadMatch> recognise_anchor_maps(const std::string& head, std::span<const AnchorSets> sets,
                                        const Graph& graph, const Observation& observed) {
  auto read = read_map_outputs(graph, observed);
  if (!read) return read.error();
  auto made = match_map_outputs(head, graph, observed, std::move(read).value());
  if (!made) return made;
  HeadMatch match = std::move(made).value();
  const AnchorSets* anchors = set_for(sets, match.levels.size());
  if (anchors == nullptr || match.outputs.size() != match.levels.size()) {
    return not_this_head("it has " + std::to_string(match.outputs.size()) +
                         " outputs, not one map for each of 8, 16, 32 or 8, 16, 32, 64");
  }
  const auto channels = [](const MapOutput& output) { return output.columns * output.anchors; };
  const int all = channels(match.map_outputs[0]);
  for (std::size_t l = 0; l < match.levels.size(); ++l) {
    const MapOutput& output = match.map_outputs[l];
    const bool maps = output.layout == MapLayout::kMap || output.anchors == kAnchorsOfMap;
    if (match.levels[l].stride != 8 << l || !maps || channels(output) != all ||
        output.layout == MapLayout::kRows || output.weight != 1 || all % kAnchorsOfMap != 0 ||
        all / kAnchorsOfMap <= kBeforeClasses || output.sigmoid != match.map_outputs[0].sigmoid) {
      return nearly_this_head("\"" + output.name +
                              "\" is not three anchors of 5 + classes numbers at "
                              "a stride of 8, 16, 32 or 64");
    }
    match.levels[l].anchors = (*anchors)[l];
  }
  match.classes = static_cast<int>(all / kAnchorsOfMap - kBeforeClasses);
  return match;
}

Result<std::vector<Detection>> decode_anchor_maps(const std::string& head,
                                                  std::span<const AnchorSets> sets,
                                                  std::span<const Tensor> outputs, int height,
                                                  int width, double score_threshold) {
  const auto maps = anchor_maps(outputs, height, width);
  const AnchorSets* anchors = set_for(sets, maps.size());
  if (anchors == nullptr) {
    return not_outputs_of(head, outputs, height, width,
                          "(1, 3 * (5 + classes), cells, cells) or (1, 3, cells, cells, 5 + "
                          "classes) for each stride");
  }
  std::vector<Detection> found;
  for (std::size_t l = 0; l < maps.size(); ++l) {
    read_map(maps[l], 8 << l, (*anchors)[l], score_threshold, found);
  }
  return found;
}

int classes_of_anchor_maps(std::span<const Tensor> outputs) {
  return static_cast<int>(anchor_map(outputs[0])->columns - kBeforeClasses);
}

}  // namespace

HeadDef anchor_maps_head(std::string_view name, std::span<const AnchorSets> sets) {
  const std::string head(name);
  return {.name = head,
          .preset = as_ultralytics(),
          .recognise =
              [=](const Graph& graph, const Observation& observed) {
                return recognise_anchor_maps(head, sets, graph, observed);
              },
          .attach = attach_map_outputs,
          .decode =
              [=](std::span<const Tensor> outputs, int height, int width, double score_threshold) {
                return decode_anchor_maps(head, sets, outputs, height, width, score_threshold);
              },
          .classes = classes_of_anchor_maps,
          .roles =
              [](const HeadMatch& match, const HeadLevel& level) {
                return roles_of_anchors(match, level, AnchorForm::kSquare);
              }};
}

}  // namespace pare::engine
