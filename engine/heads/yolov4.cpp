#include "engine/heads/yolov4.h"

#include "engine/heads/family.h"
#include "engine/heads/presets.h"
#include "engine/heads/tail_reader.h"

namespace pare::engine {
namespace {

constexpr int kAnchorsOfCell = 3;

HeadBox box_as(BoxHeld held, bool shares) {
  return {.from = BoxFrom::kCentreSize,
          .unit = BoxUnit::kAnchor,
          .held = held,
          .shares = shares,
          .centre = HeadFunction::kSigmoid,
          .size = HeadFunction::kExp};
}

Result<std::vector<HeadDescription>> candidates(const Graph& graph, const Observation& observed) {
  std::vector<HeadDescription> found;
  for (const BoxHeld held : {BoxHeld::kCorners, BoxHeld::kCentreSize}) {
    for (const bool shares : {true, false}) {
      for (HeadDescription one :
           boxes_and_classes(graph, observed, box_as(held, shares),
                             {HeadPart::kClasses, HeadFunction::kJointSigmoid})) {
        one.boxes_per_cell = kAnchorsOfCell;
        for (const bool cells_first : {false, true}) {
          one.cells_first = cells_first;
          found.push_back(one);
        }
      }
    }
  }
  if (!found.empty()) return found;
  return not_this_head("its outputs are not four numbers and confidences for each row");
}

}  // namespace

HeadDef head_yolov4() {
  Preprocessing images = as_ultralytics();
  images.resize = Resize::kStretch;
  return family_head("yolov4", images, candidates);
}

}  // namespace pare::engine
