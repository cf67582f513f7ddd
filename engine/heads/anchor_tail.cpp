// The tail of heads with anchors: attached again, and read.
#include <utility>

#include "engine/heads/anchor_rows.h"
#include "engine/heads/box_rows.h"
#include "engine/heads/presets.h"
#include "engine/heads/row_layout.h"
#include "engine/heads/tail_builder.h"

namespace pare::engine {
namespace {

constexpr std::int64_t kColumnsBeforeClasses = 5;

// Row-major: (column - (reach - 1) / 2) * stride, and the same of the line.
std::vector<float> grid_with_reach(std::int64_t ny, std::int64_t nx, int stride, double reach) {
  std::vector<float> grid;
  grid.reserve(static_cast<std::size_t>(2 * ny * nx));
  const auto before = static_cast<float>((reach - 1) / 2);
  for (std::int64_t cell = 0; cell < ny * nx; ++cell) {
    for (const std::int64_t place : {cell % nx, cell / nx}) {
      grid.push_back((static_cast<float>(place) - before) * static_cast<float>(stride));
    }
  }
  return grid;
}

class AnchorTail {
 public:
  AnchorTail(TailBuilder& tail, const HeadMatch& match, AnchorForm form)
      : tail_(tail), match_(match), form_(form), columns_(kColumnsBeforeClasses + match.classes) {}

  // Rows (1, anchors * ny * nx, columns) of one stride.
  std::string rows_of(const HeadLevel& level) {
    const std::int64_t ny = tail_.ny(level);
    const std::int64_t nx = tail_.nx(level);
    const auto anchors = static_cast<std::int64_t>(level.anchors.size());
    const std::string view = tail_.reshape(level.tensors[0], {1, anchors, columns_, ny, nx});
    using Perm = std::vector<std::int64_t>;
    const Perm order = match_.anchors_last ? Perm{0, 3, 4, 1, 2} : Perm{0, 1, 3, 4, 2};
    const std::string cells = tail_.add("Transpose", {view}, {{"perm", order}});
    const auto parts = parts_of(cells);

    const float scale[] = {static_cast<float>(match_.reach * level.stride)};
    const std::string scaled = tail_.add("Mul", {parts[0], tail_.constant({}, scale)});
    const Shape grid = match_.anchors_last ? Shape{1, ny, nx, 1, 2} : Shape{1, 1, ny, nx, 2};
    const auto places = grid_with_reach(ny, nx, level.stride, match_.reach);
    const std::string centre = tail_.add("Add", {scaled, tail_.constant(grid, places)});
    const Shape sides =
        match_.anchors_last ? Shape{1, 1, 1, anchors, 2} : Shape{1, anchors, 1, 1, 2};
    const std::string size = tail_.add("Mul", {parts[1], tail_.constant(sides, sides_of(level))});
    const std::string joined =
        tail_.add("Concat", {centre, size, parts[2]}, {{"axis", std::int64_t{4}}});
    return tail_.reshape(joined, {1, anchors * ny * nx, columns_});
  }

 private:
  // Centre, what the size is a multiple of, and scores: all but the exponential behind a sigmoid.
  std::vector<std::string> parts_of(const std::string& cells) {
    const std::vector<std::int64_t> sizes = {2, 2, columns_ - 4};
    if (form_ == AnchorForm::kSquare) {
      auto parts = tail_.split(tail_.add("Sigmoid", {cells}), 4, sizes);
      parts[1] = tail_.add("Mul", {parts[1], parts[1]});
      return parts;
    }
    const auto raw = tail_.split(cells, 4, sizes);
    return {tail_.add("Sigmoid", {raw[0]}), tail_.add("Exp", {raw[1]}),
            tail_.add("Sigmoid", {raw[2]})};
  }

  // (2 s)^2 * anchor = s * s * (4 anchor)
  std::vector<float> sides_of(const HeadLevel& level) const {
    const double times = form_ == AnchorForm::kExp ? 1 : 4;
    std::vector<float> sides;
    for (const auto& anchor : level.anchors) {
      for (const double side : anchor) sides.push_back(static_cast<float>(times * side));
    }
    return sides;
  }

  TailBuilder& tail_;
  const HeadMatch& match_;
  AnchorForm form_;
  std::int64_t columns_;
};

}  // namespace

Result<Graph> attach_anchor_rows(Graph body, const HeadMatch& match, AnchorForm form) {
  RowLayout layout{.columns = kColumnsBeforeClasses + match.classes,
                   .columns_first = match.columns_first,
                   .batch = match.batch};
  auto whole = with_tail(std::move(body), match.levels, match.outputs, [&](TailBuilder& tail) {
    AnchorTail anchors(tail, match, form);
    std::vector<std::string> levels;
    for (const HeadLevel& level : match.levels) {
      levels.push_back(anchors.rows_of(level));
      layout.rows +=
          static_cast<std::int64_t>(level.anchors.size()) * tail.ny(level) * tail.nx(level);
    }
    output_levels(tail, levels, layout, match.outputs[0]);
  });
  if (whole && !layout.is_clear()) return not_clear(layout);
  return whole;
}

namespace {

Result<std::vector<Detection>> decode_anchor_rows(const std::string& head,
                                                  std::span<const Tensor> outputs, int height,
                                                  int width, double score_threshold) {
  const auto layout = row_layout_of(outputs, kColumnsBeforeClasses + 1);
  if (!layout) return not_outputs_of(head, outputs, height, width, "one of (1, rows, 5 + classes)");
  const auto values = outputs[0].values<float>();
  const auto number = [&](std::int64_t row, std::int64_t column) {
    return values[static_cast<std::size_t>(layout->place(row, column))];
  };
  std::vector<Detection> found;
  for (std::int64_t row = 0; row < layout->rows; ++row) {
    const float objectness = number(row, 4);
    if (!(static_cast<double>(objectness) > score_threshold)) continue;
    const Box place = box_of_centre({double{number(row, 0)}, double{number(row, 1)},
                                     double{number(row, 2)}, double{number(row, 3)}});
    for (std::int64_t c = kColumnsBeforeClasses; c < layout->columns; ++c) {
      const auto score = static_cast<double>(objectness * number(row, c));
      if (score > score_threshold) {
        found.push_back({place, score, static_cast<int>(c - kColumnsBeforeClasses)});
      }
    }
  }
  return found;
}

}  // namespace

HeadDecoder decoder_of_anchor_rows(std::string_view head) {
  return [head = std::string(head)](std::span<const Tensor> outputs, int height, int width,
                                    double score_threshold) {
    return decode_anchor_rows(head, outputs, height, width, score_threshold);
  };
}

int classes_of_anchor_rows(std::span<const Tensor> outputs) {
  const auto layout = row_layout_of(outputs, kColumnsBeforeClasses + 1);
  return static_cast<int>(layout->columns - kColumnsBeforeClasses);
}

std::vector<ChannelRange> roles_of_anchors(const HeadMatch& match, const HeadLevel& level,
                                           AnchorForm form) {
  std::vector<ChannelRange> ranges;
  const int columns = static_cast<int>(kColumnsBeforeClasses) + match.classes;
  const ChannelKind size =
      form == AnchorForm::kExp ? ChannelKind::kOffset : ChannelKind::kSigmoidOffset;
  for (int anchor = 0; anchor < static_cast<int>(level.anchors.size()); ++anchor) {
    const int first = anchor * columns;
    ranges.push_back({0, first, 2, ChannelKind::kSigmoidOffset, anchor});
    ranges.push_back({0, first + 2, 2, size, anchor});
    ranges.push_back({0, first + 4, 1, ChannelKind::kObjectness, anchor});
    ranges.push_back({0, first + 5, match.classes, ChannelKind::kClasses, anchor});
  }
  return ranges;
}

HeadDef anchor_rows_head(std::string_view name, AnchorForm form) {
  const std::string head(name);
  return {.name = head,
          .preset = as_ultralytics(),
          .recognise =
              [=](const Graph& graph, const Observation& observed) {
                return recognise_anchor_rows(head, form, graph, observed);
              },
          .attach =
              [=](Graph body, const HeadMatch& match) {
                return attach_anchor_rows(std::move(body), match, form);
              },
          .decode = decoder_of_anchor_rows(name),
          .classes = classes_of_anchor_rows,
          .roles = [=](const HeadMatch& match,
                       const HeadLevel& level) { return roles_of_anchors(match, level, form); }};
}

}  // namespace pare::engine
