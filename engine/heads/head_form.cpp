#include "engine/heads/head_form.h"

#include <algorithm>

#include "engine/graph/messages.h"
#include "engine/heads/tail_builder.h"
#include "engine/heads/tail_reader.h"

namespace pare::engine {
namespace {

// Boxes of a cell at a stride.
int boxes_at(const HeadDescription& of, int stride) {
  const auto found = std::ranges::find(of.strides, stride);
  if (of.anchors.empty() || found == of.strides.end()) return of.boxes_per_cell;
  return static_cast<int>(of.anchors[static_cast<std::size_t>(found - of.strides.begin())].size());
}

// Columns of a row, as the shape has them; 0: it is not of this layout.
std::int64_t columns_in(const HeadOutput& output, int anchors, const Shape& shape) {
  const std::size_t sides = shape.size();
  const std::size_t more = output.batch ? 1 : 0;
  switch (output.layout) {
    case HeadLayout::kRows: return sides == 2 + more ? shape[1 + more] : 0;
    case HeadLayout::kRowsOfOne: return sides == 4 && shape[2] == 1 ? shape[3] : 0;
    case HeadLayout::kColumnsFirst: return sides == 2 + more ? shape[more] : 0;
    case HeadLayout::kMaps: return sides == 4 && shape[1] % anchors == 0 ? shape[1] / anchors : 0;
    case HeadLayout::kAnchorMaps: return sides == 5 && shape[1] == anchors ? shape[4] : 0;
  }
  return 0;
}

int width_of(const HeadDescription& of, const HeadColumns& columns, int scores) {
  switch (columns.part) {
    case HeadPart::kBox: return 4 * (of.box.held == BoxHeld::kRaw ? of.box.bins : 1);
    case HeadPart::kObjectness: return 1;
    case HeadPart::kClasses: return scores;
    case HeadPart::kOther: return columns.count;
  }
  return 0;
}

}  // namespace

Result<int> described_classes(const HeadDescription& description, std::span<const Shape> shapes) {
  const int background = description.background == HeadBackground::kNone ? 0 : 1;
  int classes = 0;
  for (std::size_t o = 0; o < description.outputs.size(); ++o) {
    const HeadOutput& output = description.outputs[o];
    const std::string field = "outputs[" + std::to_string(o) + "]";
    const int boxes = boxes_at(description, output.stride);
    const std::int64_t columns = columns_in(output, boxes, shapes[o]);
    const std::string seen = "\"" + output.name + "\" " + text_of(shapes[o]);
    if (columns == 0) {
      return bad_description(
          field + ".layout", in_quotes(name_in(kHeadLayoutNames, output.layout)),
          seen + " is not of this layout, with " + std::to_string(boxes) + " boxes a cell");
    }
    int said = 0;
    bool open = false;
    for (const HeadColumns& one : output.columns) {
      said += width_of(description, one, 0);
      open = open || one.part == HeadPart::kClasses;
    }
    const std::int64_t left = columns - said - (open ? background : 0);
    if ((open && left < 1) || (!open && left != 0)) {
      return bad_description(field + ".columns",
                             std::to_string(said) + (open ? " and classes" : ""),
                             seen + " has " + std::to_string(columns));
    }
    if (!open) continue;
    if (classes != 0 && classes != left) {
      return bad_description(field + ".columns", std::to_string(left) + " classes",
                             "an output before it has " + std::to_string(classes));
    }
    classes = static_cast<int>(left);
  }
  return classes;
}

double reach_at(const HeadBox& box, std::size_t level) {
  if (box.reach.empty()) return 1;
  return box.reach.size() == 1 ? box.reach[0] : box.reach[level];
}

HeadFunction applied_to_box(const HeadBox& box, int column) {
  if (box.from == BoxFrom::kDistances) return box.function;
  const HeadFunction function = column % 4 < 2 ? box.centre : box.size;
  return function == HeadFunction::kSquaredSigmoid ? HeadFunction::kSigmoid : function;
}

HeadForm::HeadForm(const HeadDescription& description, int classes, std::int64_t height,
                   std::int64_t width)
    : of_(description), classes_(classes) {
  for (std::size_t o = 0; o < of_.outputs.size(); ++o) {
    int first = 0;
    for (const HeadColumns& columns : of_.outputs[o].columns) {
      const int count = width_of(of_, columns, scores());
      const int raw = columns.part == HeadPart::kBox ? 4 * of_.box.bins : count;
      parts_.push_back({o, columns.part, columns.function, columns.applied, first, count, raw});
      first += count;
    }
  }
  std::int64_t row = 0;
  for (const int stride : of_.strides) {
    levels_.push_back({stride, boxes_at(of_, stride), cells_along(height, stride),
                       cells_along(width, stride), row});
    row += levels_.back().boxes();
  }
}

bool HeadForm::has(const FormPart& part, const Level& level) const {
  const int stride = of_.outputs[part.output].stride;
  return stride == 0 || stride == level.stride;
}

const FormPart* HeadForm::part_of(HeadPart part, const Level& level) const {
  const auto found = std::ranges::find_if(
      parts_, [&](const FormPart& one) { return one.part == part && has(one, level); });
  return found == parts_.end() ? nullptr : &*found;
}

const HeadForm::Level& HeadForm::level_of(const HeadOutput& output) const {
  return *std::ranges::find(levels_, output.stride, &Level::stride);
}

std::int64_t HeadForm::rows(const HeadOutput& output) const {
  if (output.stride != 0) return level_of(output).boxes();
  return levels_.back().first_row + levels_.back().boxes();
}

int HeadForm::columns(std::size_t output) const {
  int all = 0;
  for (const FormPart& part : parts_) all += part.output == output ? part.count : 0;
  return all;
}

Shape HeadForm::shape(std::size_t output) const {
  const HeadOutput& of = of_.outputs[output];
  const std::int64_t width = columns(output);
  Shape shape = {rows(of), width};
  const Level& level = of.stride == 0 ? levels_.front() : level_of(of);
  switch (of.layout) {
    case HeadLayout::kRows: break;
    case HeadLayout::kRowsOfOne: return {1, rows(of), 1, width};
    case HeadLayout::kColumnsFirst: shape = {width, rows(of)}; break;
    case HeadLayout::kMaps: return {1, level.anchors * width, level.ny, level.nx};
    case HeadLayout::kAnchorMaps: return {1, level.anchors, level.ny, level.nx, width};
  }
  if (of.batch) shape.insert(shape.begin(), 1);
  return shape;
}

std::int64_t HeadForm::row(const Level& level, int anchor, std::int64_t cell) const {
  return of_.cells_first ? cell * level.anchors + anchor : anchor * level.cells() + cell;
}

std::int64_t HeadForm::place(const FormPart& part, const Level& level, int anchor,
                             std::int64_t cell, int column) const {
  const HeadOutput& of = of_.outputs[part.output];
  const std::int64_t width = columns(part.output);
  const std::int64_t at = part.first + column;
  if (of.layout == HeadLayout::kMaps) return (anchor * width + at) * level.cells() + cell;
  if (of.layout == HeadLayout::kAnchorMaps) return (anchor * level.cells() + cell) * width + at;
  const std::int64_t own = row(level, anchor, cell) + (of.stride == 0 ? level.first_row : 0);
  return of.layout == HeadLayout::kColumnsFirst ? at * rows(of) + own : own * width + at;
}

}  // namespace pare::engine
