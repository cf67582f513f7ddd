#include "engine/heads/nanodet.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "engine/heads/box_rows.h"
#include "engine/heads/map_outputs.h"
#include "engine/heads/presets.h"
#include "engine/heads/tail_reader.h"

namespace pare::engine {
namespace {

constexpr std::int64_t kSides = 4;
constexpr std::size_t kFewest = 3;  // strides
constexpr std::size_t kMost = 4;

// Of one stride: scores, and then distances.
Result<std::monostate> check_level(const HeadMatch& match,
                                   const std::vector<const MapOutput*>& here) {
  const std::string at = "at the stride " + std::to_string(here[0]->stride);
  if (here.size() != 2 || !here[0]->sigmoid || here[1]->sigmoid || here[0]->anchors != 1 ||
      here[1]->anchors != 1) {
    return nearly_this_head(at + " the outputs are not scores and then distances");
  }
  if (here[0]->first_channel != 0) {
    return nearly_this_head(at + " \"" + here[0]->map + "\" has distances before scores");
  }
  if (here[0]->columns != match.classes || here[1]->columns != kSides * match.bins ||
      match.bins < 2) {
    return nearly_this_head(at + " there are " + std::to_string(here[0]->columns) +
                            " classes and distances of " + std::to_string(here[1]->columns) +
                            " channels, not four times as many bins as at the other strides");
  }
  return std::monostate{};
}

Result<HeadMatch> recognise(const Graph& graph, const Observation& observed) {
  auto read = read_map_outputs(graph, observed);
  if (!read) return read.error();
  auto found = match_map_outputs("nanodet", graph, observed, std::move(read).value());
  if (!found) return found;
  HeadMatch match = std::move(found).value();
  const std::size_t strides = match.levels.size();
  if (strides < kFewest || strides > kMost || match.outputs.size() != 2 * strides) {
    return not_this_head("it has " + std::to_string(match.outputs.size()) +
                         " outputs, not scores and distances at 8, 16, 32 or 8, 16, 32, 64");
  }
  int stride = 8;
  for (const HeadLevel& level : match.levels) {
    std::vector<const MapOutput*> here;
    for (const MapOutput& output : match.map_outputs) {
      if (output.stride == level.stride) here.push_back(&output);
    }
    if (level.stride != stride) {
      return not_this_head("there is a stride " + std::to_string(level.stride) + " and none of " +
                           std::to_string(stride));
    }
    if (stride == 8) {
      match.classes = here.front()->columns;
      match.bins = static_cast<int>(here.back()->columns / kSides);
    }
    if (const auto fits = check_level(match, here); !fits) return fits.error();
    stride *= 2;
  }
  return match;
}

std::vector<MapLevel> levels_of(std::span<const Tensor> outputs, int height, int width) {
  auto levels = map_levels(outputs, height, width, 2);
  if (levels.size() < kFewest || levels.size() > kMost) return {};
  for (const MapLevel& level : levels) {
    const std::int64_t columns = level.outputs[1].columns;
    if (level.outputs[0].columns != levels[0].outputs[0].columns || columns % kSides != 0 ||
        columns < 2 * kSides) {
      return {};
    }
  }
  return levels;
}

// Expectation of the softmax over the bins, in cells.
double distance(const MapRows& distances, std::int64_t cell, std::int64_t side) {
  const std::int64_t bins = distances.columns / kSides;
  double highest = distances.at(cell, side * bins);
  for (std::int64_t bin = 1; bin < bins; ++bin) {
    highest = std::max(highest, distances.at(cell, side * bins + bin));
  }
  double sum = 0;
  double weighted = 0;
  for (std::int64_t bin = 0; bin < bins; ++bin) {
    const double share = std::exp(distances.at(cell, side * bins + bin) - highest);
    sum += share;
    weighted += share * static_cast<double>(bin);
  }
  return weighted / sum;
}

Box box_at(const MapLevel& level, std::int64_t cell) {
  const MapRows& distances = level.outputs[1];
  const auto stride = static_cast<double>(level.stride);
  const double x = (static_cast<double>(cell % level.nx) + 0.5) * stride;
  const std::int64_t row = cell / level.nx;
  const double y = (static_cast<double>(row) + 0.5) * stride;
  const double left = distance(distances, cell, 0) * stride;
  const double top = distance(distances, cell, 1) * stride;
  return {x - left, y - top, left + distance(distances, cell, 2) * stride,
          top + distance(distances, cell, 3) * stride};
}

void read_level(const MapLevel& level, double threshold, std::vector<Detection>& found) {
  const MapRows& scores = level.outputs[0];
  for (std::int64_t cell = 0; cell < scores.rows; ++cell) {
    std::optional<Box> box;
    for (std::int64_t c = 0; c < scores.columns; ++c) {
      const double score = scores.at(cell, c);
      if (!(score > threshold)) continue;
      if (!box) box = box_at(level, cell);
      found.push_back({*box, score, static_cast<int>(c)});
    }
  }
}

Result<std::vector<Detection>> decode(std::span<const Tensor> outputs, int height, int width,
                                      double score_threshold) {
  const auto levels = levels_of(outputs, height, width);
  if (levels.empty()) {
    return not_outputs_of("nanodet", outputs, height, width,
                          "(1, cells, classes) and (1, cells, 4 * bins) for each stride");
  }
  std::vector<Detection> found;
  for (const MapLevel& level : levels) read_level(level, score_threshold, found);
  return found;
}

// The scores of a stride come before its distances: whatever comes first are scores.
int classes_of(std::span<const Tensor> outputs) {
  const Shape& shape = outputs[0].shape();
  if (shape.size() == 4) return static_cast<int>(shape[1]);
  return static_cast<int>(std::min(shape[shape.size() - 2], shape[shape.size() - 1]));
}

std::vector<ChannelRange> roles(const HeadMatch& match, const HeadLevel& level) {
  const bool apart = level.tensors.size() == 2;
  return {{0, 0, match.classes, ChannelKind::kClasses},
          {apart ? std::size_t{1} : 0, apart ? 0 : match.classes,
           static_cast<int>(kSides) * match.bins, ChannelKind::kDistribution}};
}

}  // namespace

HeadDef head_nanodet() {
  return {.name = "nanodet",
          .preset = as_nanodet(),
          .recognise = recognise,
          .attach = attach_map_outputs,
          .decode = decode,
          .classes = classes_of,
          .roles = roles};
}

}  // namespace pare::engine
