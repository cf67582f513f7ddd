#include "engine/heads/centerface.h"

#include <cmath>
#include <utility>

#include "engine/heads/box_rows.h"
#include "engine/heads/face_maps.h"
#include "engine/heads/tail_builder.h"
#include "engine/heads/tail_reader.h"

namespace pare::engine {
namespace {

constexpr int kStrideOfFaces = 4;
constexpr int kColumnsOfOutputs[] = {1, 2, 2, kKeyPointColumns};
constexpr std::size_t kOutputs = std::size(kColumnsOfOutputs);

Result<HeadMatch> recognise(const Graph& graph, const Observation& observed) {
  if (graph.outputs.size() != kOutputs) {
    return not_this_head("it has " + std::to_string(graph.outputs.size()) +
                         " outputs, not a score, sizes, places and key points");
  }
  auto read = read_map_outputs(graph, observed);
  if (!read) return read.error();
  for (std::size_t o = 0; o < kOutputs; ++o) {
    const MapOutput& output = read.value()[o];
    if (output.columns == kColumnsOfOutputs[o] && output.anchors == 1) continue;
    return not_this_head("\"" + output.name + "\" has " + std::to_string(output.columns) +
                         " columns, not " + std::to_string(kColumnsOfOutputs[o]));
  }
  for (const MapOutput& output : read.value()) {
    const bool score = output.columns == 1;
    if (output.stride != kStrideOfFaces || output.sigmoid != score || output.weight != 1) {
      return nearly_this_head("\"" + output.name + "\" is of the stride " +
                              std::to_string(output.stride) +
                              (score == output.sigmoid ? ""
                               : score                 ? ", without a sigmoid"
                                                       : ", behind a sigmoid") +
                              (output.weight == 1 ? "" : ", and scaled"));
    }
  }
  auto match = match_map_outputs("centerface", graph, observed, std::move(read).value());
  if (!match) return match;
  HeadMatch found = std::move(match).value();
  found.classes = 1;
  return found;
}

// The outputs in their order; empty if these are none of an input of this size.
std::vector<MapRows> rows_of(std::span<const Tensor> outputs, std::int64_t ny, std::int64_t nx) {
  std::vector<MapRows> rows;
  for (std::size_t o = 0; o < outputs.size() && o < kOutputs; ++o) {
    const Shape& shape = outputs[o].shape();
    const std::int64_t columns = kColumnsOfOutputs[o];
    const bool batch = shape.size() > 2;
    const Shape rest(shape.begin() + (batch ? 1 : 0), shape.end());
    const bool columns_first = rest == Shape{columns, ny, nx} || rest == Shape{columns, ny * nx};
    const bool fits = columns_first || rest == Shape{ny * nx, columns};
    if (!fits || (batch && shape[0] != 1) || outputs[o].dtype() != DType::kFloat32) return {};
    rows.push_back({&outputs[o], ny * nx, columns, columns_first});
  }
  return rows;
}

Result<std::vector<Detection>> decode(std::span<const Tensor> outputs, int height, int width,
                                      double score_threshold) {
  const std::int64_t ny = cells_along(height, kStrideOfFaces);
  const std::int64_t nx = cells_along(width, kStrideOfFaces);
  const auto rows = outputs.size() == kOutputs ? rows_of(outputs, ny, nx) : std::vector<MapRows>();
  if (rows.empty()) {
    return not_outputs_of("centerface", outputs, height, width,
                          "(1, 1, ny, nx), (1, 2, ny, nx) twice and (1, 10, ny, nx)");
  }
  std::vector<Detection> found;
  for (std::int64_t cell = 0; cell < ny * nx; ++cell) {
    const double score = rows[0].at(cell, 0);
    if (!(score > score_threshold)) continue;
    const double h = std::exp(rows[1].at(cell, 0)) * kStrideOfFaces;
    const double w = std::exp(rows[1].at(cell, 1)) * kStrideOfFaces;
    const std::int64_t line = cell / nx;
    const double y = (static_cast<double>(line) + rows[2].at(cell, 0) + 0.5) * kStrideOfFaces;
    const double x = (static_cast<double>(cell % nx) + rows[2].at(cell, 1) + 0.5) * kStrideOfFaces;
    found.push_back({{x - w / 2, y - h / 2, w, h}, score, 0});
  }
  return found;
}

std::vector<ChannelRange> roles(const HeadMatch& match, const HeadLevel& level) {
  return roles_of_map_outputs(match, level, [](const MapOutput& output) {
    return output.sigmoid ? ChannelKind::kClasses : ChannelKind::kOffset;
  });
}

}  // namespace

HeadDef head_centerface() {
  return {.name = "centerface",
          .preset = {.rgb = true,
                     .resize = Resize::kStretch,
                     .pad_value = 0,
                     .mean = {0, 0, 0},
                     .std = {1, 1, 1}},
          .recognise = recognise,
          .attach = attach_map_outputs,
          .decode = decode,
          .classes = [](std::span<const Tensor>) { return 1; },
          .roles = roles};
}

}  // namespace pare::engine
