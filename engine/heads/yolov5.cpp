#include "engine/heads/yolov5.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "engine/heads/box_rows.h"
#include "engine/heads/tail_builder.h"
#include "engine/heads/tail_reader.h"

namespace pare::engine {
namespace {

constexpr std::int64_t kBoxColumns = 4;

bool close(double value, double wanted) {
  return std::abs(value - wanted) <= 1e-4 * std::max(1.0, std::abs(wanted));
}

class Recogniser {
 public:
  Recogniser(const Graph& graph, const Observation& observed)
      : graph_(graph), reader_(graph, observed) {}

  Result<HeadMatch> run() {
    auto found = match_box_rows("yolov5", graph_, reader_);
    if (!found) return found;
    HeadMatch match = std::move(found).value();
    columns_ = kBoxColumns + 1 + match.classes;
    const Node* join = reader_.concat_on(match.outputs[0], 1);
    if (join == nullptr) return not_this_head(reader_.why());
    for (const std::string& rows : join->inputs) {
      const auto level = level_of(rows);
      if (!level) return not_this_head(reader_.why());
      match.levels.push_back(*level);
    }
    return match;
  }

 private:
  // The rows (1, anchors * ny * nx, columns) of one stride.
  std::optional<HeadLevel> level_of(const std::string& rows) {
    const Node* reshape = reader_.made_by(rows, "Reshape");
    if (reshape == nullptr) return std::nullopt;
    const std::string& cells = reshape->inputs[0];
    const Node* join = reader_.concat_on(cells, 4);
    if (join == nullptr) return std::nullopt;
    std::vector<TailColumns> parts;
    std::int64_t next = 0;
    for (const std::string& input : join->inputs) {
      auto part = reader_.columns(input);
      if (!part) return std::nullopt;
      if (part->raw.first_column != next || (!parts.empty() && part->raw.tensor != raw_.tensor)) {
        return reader_.fail("Concat \"" + join->name + "\" does not keep the columns' order");
      }
      next += part->raw.columns;
      raw_ = part->raw;
      parts.push_back(std::move(*part));
    }
    if (next != columns_ ||
        reader_.shape_of(rows) != Shape{1, raw_.anchors * raw_.ny * raw_.nx, columns_}) {
      return reader_.fail("\"" + rows + "\" is " + text_of(reader_.shape_of(rows)) +
                          ", not a row for each anchor and cell");
    }
    return decoded_as_yolov5(parts);
  }

  std::optional<HeadLevel> decoded_as_yolov5(const std::vector<TailColumns>& parts) {
    const auto stride = reader_.stride_of(raw_.ny, raw_.nx);
    if (!stride) return std::nullopt;
    HeadLevel level{.stride = *stride, .tensors = {raw_.tensor}};
    for (std::int64_t anchor = 0; anchor < raw_.anchors; ++anchor) {
      level.anchors.push_back(
          {at(parts, 2, {anchor, 0, 0}).first / 4, at(parts, 3, {anchor, 0, 0}).first / 4});
    }
    for (const TailColumns& part : parts) {
      if (!powers_fit(part) || !scores_fit(part)) {
        return reader_.fail("the boxes or scores of \"" + raw_.tensor +
                            "\" are not powers of sigmoids as YOLOv5 has them");
      }
    }
    if (boxes_fit(parts, level)) return level;
    return reader_.fail("the boxes of \"" + raw_.tensor + "\" have another grid or other anchors");
  }

  // Scale and offset of a column at (anchor, y, x).
  static std::pair<double, double> at(const std::vector<TailColumns>& parts, std::int64_t column,
                                      std::array<std::int64_t, 3> cell) {
    for (const TailColumns& part : parts) {
      const std::int64_t inside = column - part.raw.first_column;
      if (inside < 0 || inside >= part.raw.columns) continue;
      const std::array<std::int64_t, 5> index = {0, cell[0], cell[1], cell[2], inside};
      return {part.scale.at(index), part.offset.at(index)};
    }
    return {};
  }

  static bool powers_fit(const TailColumns& part) {
    for (std::int64_t i = 0; i < part.raw.columns; ++i) {
      const std::int64_t column = part.raw.first_column + i;
      if (part.power != (column == 2 || column == 3 ? 2 : 1)) return false;
    }
    return true;
  }

  static bool scores_fit(const TailColumns& part) {
    const bool has_scores = part.raw.first_column + part.raw.columns > kBoxColumns;
    return !has_scores || (part.raw.first_column >= kBoxColumns && part.scale.is_everywhere(1) &&
                           part.offset.is_everywhere(0));
  }

  bool boxes_fit(const std::vector<TailColumns>& parts, const HeadLevel& level) const {
    for (std::int64_t a = 0; a < raw_.anchors; ++a) {
      for (std::int64_t cell = 0; cell < raw_.ny * raw_.nx; ++cell) {
        const std::int64_t y = cell / raw_.nx;
        const std::int64_t x = cell % raw_.nx;
        for (std::size_t side = 0; side < 2; ++side) {
          const auto [scale, offset] = at(parts, std::int64_t(side), {a, y, x});
          const auto [size, none] = at(parts, 2 + std::int64_t(side), {a, y, x});
          const double place = static_cast<double>(side == 0 ? x : y) - 0.5;
          const double anchor = level.anchors[std::size_t(a)][side];
          if (!close(scale, 2.0 * level.stride) || !close(offset, place * level.stride) ||
              !close(size, 4 * anchor) || !close(none, 0) || !(anchor > 0)) {
            return false;
          }
        }
      }
    }
    return true;
  }

  const Graph& graph_;
  TailReader reader_;
  RawView raw_;
  std::int64_t columns_ = 0;
};

Result<HeadMatch> recognise(const Graph& graph, const Observation& observed) {
  return Recogniser(graph, observed).run();
}

// (2 s + cell - 0.5) * stride = s * (2 stride) + this
std::vector<float> grid_of(std::int64_t ny, std::int64_t nx, int stride) {
  std::vector<float> grid;
  for (std::int64_t cell = 0; cell < ny * nx; ++cell) {
    for (const std::int64_t place : {cell % nx, cell / nx}) {
      grid.push_back((static_cast<float>(place) - 0.5F) * static_cast<float>(stride));
    }
  }
  return grid;
}

// Rows (1, anchors * ny * nx, columns) of one stride.
std::string attach_level(TailBuilder& tail, const HeadLevel& level, std::int64_t columns) {
  const std::int64_t ny = tail.ny(level);
  const std::int64_t nx = tail.nx(level);
  const auto anchors = static_cast<std::int64_t>(level.anchors.size());
  const std::string view = tail.reshape(level.tensors[0], {1, anchors, columns, ny, nx});
  const std::string cells =
      tail.add("Transpose", {view}, {{"perm", std::vector<std::int64_t>{0, 1, 3, 4, 2}}});
  const auto parts = tail.split(tail.add("Sigmoid", {cells}), 4, {2, 2, columns - kBoxColumns});

  const float twice[] = {2 * static_cast<float>(level.stride)};
  const std::string scaled = tail.add("Mul", {parts[0], tail.constant({}, twice)});
  const std::string grid = tail.constant({1, 1, ny, nx, 2}, grid_of(ny, nx, level.stride));
  const std::string centre = tail.add("Add", {scaled, grid});

  std::vector<float> sides;  // (2 s)^2 * anchor = s * s * (4 anchor)
  for (const auto& anchor : level.anchors) {
    for (const double side : anchor) sides.push_back(static_cast<float>(4 * side));
  }
  const std::string squared = tail.add("Mul", {parts[1], parts[1]});
  const std::string size = tail.add("Mul", {squared, tail.constant({1, anchors, 1, 1, 2}, sides)});
  const std::string joined =
      tail.add("Concat", {centre, size, parts[2]}, {{"axis", std::int64_t{4}}});
  return tail.reshape(joined, {1, anchors * ny * nx, columns});
}

Result<Graph> attach(Graph body, const HeadMatch& match) {
  return with_tail(std::move(body), match.levels, match.outputs, [&](TailBuilder& tail) {
    const std::int64_t columns = kBoxColumns + 1 + match.classes;
    std::vector<std::string> levels;
    std::int64_t rows = 0;
    for (const HeadLevel& level : match.levels) {
      levels.push_back(attach_level(tail, level, columns));
      rows += static_cast<std::int64_t>(level.anchors.size()) * tail.ny(level) * tail.nx(level);
    }
    tail.output("Concat", levels, {{"axis", std::int64_t{1}}}, match.outputs[0],
                {1, rows, columns});
  });
}

Result<std::vector<Detection>> decode(std::span<const Tensor> outputs, int height, int width,
                                      double score_threshold) {
  if (!are_box_rows(outputs)) {
    return not_outputs_of("yolov5", outputs, height, width, "one of (1, rows, 5 + classes)");
  }
  return read_box_rows(outputs, score_threshold, [](std::int64_t, const float* v) {
    const auto w = static_cast<double>(v[2]);
    const auto h = static_cast<double>(v[3]);
    return Box{static_cast<double>(v[0]) - w / 2, static_cast<double>(v[1]) - h / 2, w, h};
  });
}

std::vector<ChannelRange> roles(const HeadMatch& match, const HeadLevel& level) {
  std::vector<ChannelRange> ranges;
  const int columns = static_cast<int>(kBoxColumns) + 1 + match.classes;
  for (int anchor = 0; anchor < static_cast<int>(level.anchors.size()); ++anchor) {
    const int first = anchor * columns;
    ranges.push_back({0, first, 4, ChannelKind::kSigmoidOffset, anchor});
    ranges.push_back({0, first + 4, 1, ChannelKind::kObjectness, anchor});
    ranges.push_back({0, first + 5, match.classes, ChannelKind::kClasses, anchor});
  }
  return ranges;
}

}  // namespace

HeadDef head_yolov5() {
  return {.name = "yolov5",
          .preset = {.rgb = true,
                     .resize = Resize::kLetterboxCentre,
                     .pad_value = 114,
                     .mean = {0, 0, 0},
                     .std = {255, 255, 255}},
          .recognise = recognise,
          .attach = attach,
          .decode = decode,
          .classes = classes_of_box_rows,
          .roles = roles};
}

}  // namespace pare::engine
