#include "engine/heads/retinanet.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/heads/family.h"
#include "engine/heads/head_form.h"
#include "engine/heads/tail_reader.h"

namespace pare::engine {
namespace {

constexpr int kAnchorsOfCoco = 9;
constexpr double kScaleOfAnchors = 4;  // strides
const std::vector<int> kStridesOfCoco = {8, 16, 32, 64, 128};

HeadAnchors anchors_at(int stride) {
  HeadAnchors anchors;
  for (const double ratio : {0.5, 1.0, 2.0}) {  // height by width
    for (int third = 0; third < 3; ++third) {
      const double side = kScaleOfAnchors * stride * std::exp2(third / 3.0);
      anchors.push_back({side / std::sqrt(ratio), side * std::sqrt(ratio)});
    }
  }
  return anchors;
}

HeadDescription with_anchors(HeadDescription head) {
  for (const int stride : head.strides) head.anchors.push_back(anchors_at(stride));
  return head;
}

HeadBox box_as(BoxHeld held, double origin, bool scaled) {
  return {.from = BoxFrom::kCentreSize,
          .unit = BoxUnit::kAnchor,
          .held = held,
          .origin = origin,
          .size = HeadFunction::kExp,
          .centre_scale = scaled ? 0.1 : 1,
          .size_scale = scaled ? 0.2 : 1};
}

// Of each stride.
Result<std::vector<HeadDescription>> of_maps(const Graph& graph, const Observation& observed,
                                             const OutputsOfLevels& levels) {
  HeadDescription head{.strides = levels.strides, .box = box_as(BoxHeld::kRaw, 0, false)};
  std::vector<int> boxes;  // strides of boxes
  for (const ShapedOutput& one : levels.outputs) {
    HeadOutput output = one.output;
    const auto first = first_number(graph, observed, output.name);
    const bool scores = one.columns != 4 || (first && first->function == HeadFunction::kSigmoid) ||
                        std::ranges::find(boxes, output.stride) != boxes.end();
    if (!scores) boxes.push_back(output.stride);
    output.columns = {
        scores ? scores_of(graph, observed, output.name, HeadPart::kClasses, HeadFunction::kSigmoid)
               : HeadColumns{HeadPart::kBox, HeadFunction::kNone, false}};
    head.outputs.push_back(std::move(output));
  }
  HeadDescription complete = with_anchors(head);
  if (auto fine = check_description(complete); !fine) return not_this_head(fine.error().message);
  return std::vector{std::move(complete)};
}

// Of all strides.
std::vector<HeadDescription> of_rows(const Graph& graph, const Observation& observed) {
  std::vector<HeadDescription> found;
  for (const BoxHeld held : {BoxHeld::kCorners, BoxHeld::kCentreSize, BoxHeld::kRaw}) {
    for (const auto& [origin, scaled] :
         {std::pair(0.0, false), std::pair(0.5, true), std::pair(0.5, false)}) {
      const HeadBox box = box_as(held, origin, scaled);
      for (HeadDescription& one :
           boxes_and_classes(graph, observed, box, {HeadPart::kClasses, HeadFunction::kSigmoid})) {
        const std::size_t scores = one.outputs[0].columns[0].part == HeadPart::kBox ? 1 : 0;
        const auto first = first_number(graph, observed, one.outputs[scores].name);
        const Shape& shape = observed.shapes.at(one.outputs[scores].name);
        const std::int64_t classes = one.outputs[scores].layout == HeadLayout::kColumnsFirst
                                         ? shape[shape.size() - 2]
                                         : shape.back();
        if (!first || first->channels % classes != 0) continue;
        one.outputs[scores].columns[0].applied = first->function == HeadFunction::kSigmoid;
        one.boxes_per_cell = static_cast<int>(first->channels / classes);
        const bool raw = held == BoxHeld::kRaw;
        if (raw && (one.boxes_per_cell != kAnchorsOfCoco || scaled || origin != 0)) continue;
        if (raw) {
          one.strides = kStridesOfCoco;
          one.outputs[1 - scores].columns[0].applied = false;
        }
        found.push_back(raw ? with_anchors(std::move(one)) : std::move(one));
      }
    }
  }
  return found;
}

Result<std::vector<HeadDescription>> candidates(const Graph& graph, const Observation& observed) {
  const OutputsOfLevels levels = outputs_of_levels(graph, observed, kAnchorsOfCoco);
  if (!levels.outputs.empty() && levels.outputs.size() == 2 * levels.strides.size()) {
    return of_maps(graph, observed, levels);
  }
  auto found = of_rows(graph, observed);
  if (!found.empty()) return found;
  return not_this_head("its outputs are not scores and four numbers for each anchor");
}

}  // namespace

HeadDef head_retinanet() {
  return family_head("retinanet",
                     {.rgb = true,
                      .resize = Resize::kLetterboxTopLeft,
                      .pad_value = 0,
                      .mean = {123.675, 116.28, 103.53},
                      .std = {58.395, 57.12, 57.375}},
                     candidates);
}

}  // namespace pare::engine
