// A described head's tail, attached to a body of any size.
#include <map>
#include <utility>

#include "engine/heads/described_box_tail.h"
#include "engine/heads/described_match.h"
#include "engine/heads/head_form.h"
#include "engine/heads/tail_builder.h"

namespace pare::engine {
namespace {

using AxisOrder = std::vector<std::int64_t>;

class DescribedTail {
 public:
  DescribedTail(TailBuilder& tail, const HeadMatch& match, const HeadForm& form, const Shape& input)
      : tail_(tail),
        match_(match),
        of_(*match.description),
        form_(form),
        box_(tail, match, form, input) {}

  void add() {
    for (std::size_t o = 0; o < of_.outputs.size(); ++o) {
      const HeadOutput& output = of_.outputs[o];
      if (const std::string map = whole_map(o); !map.empty()) {
        tail_.pass(map, output.name, form_.shape(o));
        continue;
      }
      std::vector<std::string> levels;
      for (std::size_t l = 0; l < form_.levels().size(); ++l) {
        const HeadForm::Level& level = form_.levels()[l];
        if (output.stride == 0 || output.stride == level.stride) levels.push_back(rows_of(o, l));
      }
      put(o, box_.joined(levels, 1));
    }
  }

 private:
  // The map that an output is as it is; empty: it is none.
  std::string whole_map(std::size_t o) const {
    if (of_.outputs[o].layout != HeadLayout::kMaps) return "";
    for (std::size_t l = 0; l < match_.levels.size(); ++l) {
      const HeadLevel& level = match_.levels[l];
      if (level.stride != of_.outputs[o].stride) continue;
      int channels = 0;
      std::size_t tensor = 0;
      for (std::size_t p = 0; p < form_.parts().size(); ++p) {
        const FormPart& part = form_.parts()[p];
        if (part.output != o) continue;
        const RawPart& raw = level.parts[p];
        const bool plain = raw.weight == 1 && raw.scale == 1 && !is_changed(part);
        if (!plain || raw.first != channels || (channels > 0 && raw.tensor != tensor)) return "";
        tensor = raw.tensor;
        channels += part.raw;
      }
      const std::size_t first = part_index(o);
      return level.parts[first].pitch == channels ? level.tensors[tensor] : "";
    }
    return "";
  }

  std::size_t part_index(std::size_t output) const {
    std::size_t p = 0;
    while (form_.parts()[p].output != output) ++p;
    return p;
  }

  bool is_changed(const FormPart& part) const {
    if (part.part != HeadPart::kBox) {
      return part.applied && part.function != HeadFunction::kNone;
    }
    const HeadBox& box = of_.box;
    if (box.held != BoxHeld::kRaw) return true;
    const bool none = applied_to_box(box, 0) == HeadFunction::kNone &&
                      applied_to_box(box, 2) == HeadFunction::kNone;
    return part.applied && !none;
  }

  // (1, boxes of a level, columns) of an output.
  std::string rows_of(std::size_t o, std::size_t l) {
    std::vector<std::string> parts;
    for (std::size_t p = 0; p < form_.parts().size(); ++p) {
      if (form_.parts()[p].output == o) parts.push_back(part_of(p, l));
    }
    return box_.joined(parts, 2);
  }

  std::string part_of(std::size_t p, std::size_t l) {
    const FormPart& part = form_.parts()[p];
    const RawPart& raw = match_.levels[l].parts[p];
    const std::string rows = raw_rows(l, raw, part.raw);
    if (part.part == HeadPart::kBox) return box_of(rows, part, raw, l);
    if (!part.applied) return rows;
    const std::string made = box_.through(part.function, rows, 1);
    if (part.function != HeadFunction::kJointSigmoid) return made;
    const RawPart& objectness = match_.levels[l].parts.back();
    return tail_.add("Mul", {made, tail_.add("Sigmoid", {raw_rows(l, objectness, 1)})});
  }

  // (1, boxes, channels) of a level's map.
  std::string raw_rows(std::size_t l, const RawPart& raw, int channels) {
    const HeadForm::Level& level = form_.levels()[l];
    std::string& cells = cells_[match_.levels[l].tensors[raw.tensor]];
    if (cells.empty()) {
      const std::string view = tail_.reshape(match_.levels[l].tensors[raw.tensor],
                                             {1, level.anchors, raw.pitch, level.ny, level.nx});
      const AxisOrder order = of_.cells_first ? AxisOrder{0, 3, 4, 1, 2} : AxisOrder{0, 1, 3, 4, 2};
      cells = tail_.reshape(tail_.add("Transpose", {view}, {{"perm", order}}),
                            {1, box_.boxes(l), raw.pitch});
    }
    if (raw.first == 0 && raw.pitch == channels) return cells;
    AxisOrder sizes;
    for (const std::int64_t size : {raw.first, channels, raw.pitch - raw.first - channels}) {
      if (size > 0) sizes.push_back(size);
    }
    return tail_.split(cells, 2, sizes)[raw.first > 0 ? 1 : 0];
  }

  // Numbers of a box as the output holds them.
  std::string box_of(const std::string& raw, const FormPart& part, const RawPart& from,
                     std::size_t l) {
    const HeadBox& box = of_.box;
    if (box.held != BoxHeld::kRaw) return box_.decoded(raw, from, l);
    const std::string x = box_.times(raw, from.weight);
    if (!is_changed(part)) return box_.times(x, from.scale);
    const HeadFunction first = applied_to_box(box, 0), second = applied_to_box(box, 2);
    if (first == second) return box_.through(first, x, from.scale);
    const auto halves = tail_.split(x, 2, {2, 2});
    return box_.joined(
        {box_.through(first, halves[0], from.scale), box_.through(second, halves[1], from.scale)},
        2);
  }

  // Rows (1, boxes, columns) as the output has them.
  void put(std::size_t o, const std::string& rows) {
    const HeadOutput& output = of_.outputs[o];
    const Shape shape = form_.shape(o);
    if (output.layout == HeadLayout::kRows || output.layout == HeadLayout::kRowsOfOne) {
      return tail_.output_reshaped(rows, output.name, shape);
    }
    if (output.layout == HeadLayout::kColumnsFirst) {
      const std::string turned = tail_.add("Transpose", {rows}, {{"perm", AxisOrder{0, 2, 1}}});
      return tail_.output_reshaped(turned, output.name, shape);
    }
    const bool maps = output.layout == HeadLayout::kMaps;
    const std::int64_t ny = shape[2], nx = shape[3];
    const std::int64_t columns = form_.columns(o);
    const std::int64_t anchors = maps ? shape[1] / columns : shape[1];
    const Shape apart =
        of_.cells_first ? Shape{1, ny, nx, anchors, columns} : Shape{1, anchors, ny, nx, columns};
    const AxisOrder to_maps = of_.cells_first ? AxisOrder{0, 3, 4, 1, 2} : AxisOrder{0, 1, 4, 2, 3};
    const AxisOrder to_anchors =
        of_.cells_first ? AxisOrder{0, 3, 1, 2, 4} : AxisOrder{0, 1, 2, 3, 4};
    const std::string view = tail_.reshape(rows, apart);
    const std::string turned =
        tail_.add("Transpose", {view}, {{"perm", maps ? to_maps : to_anchors}});
    tail_.output_reshaped(turned, output.name, shape);
  }

  TailBuilder& tail_;
  const HeadMatch& match_;
  const HeadDescription& of_;
  const HeadForm& form_;
  BoxTail box_;
  std::map<std::string, std::string> cells_;  // of a map: its boxes' rows
};

}  // namespace

Result<Graph> attach_described(Graph body, const HeadMatch& match) {
  const Shape input = body.inputs.empty() ? Shape{} : body.inputs[0].shape;
  return with_tail(
      std::move(body), match.levels, match.outputs,
      [&](TailBuilder& tail) {
        const HeadForm form(*match.description, match.classes, input[2], input[3]);
        DescribedTail(tail, match, form, input).add();
      },
      SizesOf::kAny);
}

}  // namespace pare::engine
