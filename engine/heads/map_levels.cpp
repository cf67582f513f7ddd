// Outputs of one map each, as a decoder finds them.
#include <optional>
#include <utility>

#include "engine/heads/map_outputs.h"
#include "engine/heads/tail_builder.h"

namespace pare::engine {
namespace {

constexpr int kStridesOfMaps[] = {8, 16, 32, 64, 128};

// nullopt: no output of this many cells in this layout.
std::optional<MapRows> map_rows(const Tensor& output, const MapLevel& level, int anchors,
                                bool columns_first) {
  const Shape& shape = output.shape();
  if (output.dtype() != DType::kFloat32 || shape.size() < 2 || shape.size() > 4 ||
      (shape.size() > 2 && shape[0] != 1)) {
    return std::nullopt;
  }
  const std::int64_t rows = level.ny * level.nx * anchors;
  const std::int64_t first = shape[shape.size() - 2];
  const std::int64_t second = shape[shape.size() - 1];
  if (shape.size() == 4) {
    if (!columns_first || first != level.ny || second != level.nx) return std::nullopt;
    return MapRows{&output, rows, shape[1], true};
  }
  if ((columns_first ? second : first) != rows) return std::nullopt;
  return MapRows{&output, rows, columns_first ? first : second, columns_first};
}

std::vector<MapLevel> levels_laid_out(std::span<const Tensor> outputs, int height, int width,
                                      std::size_t per_stride, int anchors, bool columns_first) {
  std::vector<MapLevel> levels;
  for (const int stride : kStridesOfMaps) {
    if (levels.size() * per_stride == outputs.size()) break;
    MapLevel level{.stride = stride,
                   .ny = cells_along(height, stride),
                   .nx = cells_along(width, stride),
                   .outputs = {}};
    for (const Tensor& output : outputs) {
      const auto rows = map_rows(output, level, anchors, columns_first);
      if (rows) level.outputs.push_back(*rows);
    }
    if (level.outputs.size() != per_stride) return {};
    levels.push_back(std::move(level));
  }
  if (levels.size() * per_stride != outputs.size()) return {};
  return levels;
}

}  // namespace

std::vector<const MapRows*> of_columns(const MapLevel& level, std::int64_t columns) {
  std::vector<const MapRows*> found;
  for (const MapRows& output : level.outputs) {
    if (output.columns == columns) found.push_back(&output);
  }
  return found;
}

std::vector<MapLevel> map_levels(std::span<const Tensor> outputs, int height, int width,
                                 std::size_t per_stride, int anchors) {
  auto levels = levels_laid_out(outputs, height, width, per_stride, anchors, false);
  if (!levels.empty() || anchors != 1) return levels;
  return levels_laid_out(outputs, height, width, per_stride, 1, true);
}

}  // namespace pare::engine
