#include "engine/heads/ppyoloe.h"

#include "engine/heads/family.h"
#include "engine/heads/tail_reader.h"

namespace pare::engine {
namespace {

Result<std::vector<HeadDescription>> candidates(const Graph& graph, const Observation& observed) {
  std::vector<HeadDescription> found;
  for (const BoxHeld held : {BoxHeld::kCorners, BoxHeld::kCentreSize}) {
    const HeadBox box{.held = held, .bins = 0, .origin = 0.5};
    for (HeadDescription& one :
         boxes_and_classes(graph, observed, box, {HeadPart::kClasses, HeadFunction::kSigmoid})) {
      found.push_back(std::move(one));
    }
  }
  if (!found.empty()) return found;
  return not_this_head("its outputs are not four numbers and scores for each row");
}

}  // namespace

HeadDef head_ppyoloe() {
  return family_head("ppyoloe",
                     {.rgb = true,
                      .resize = Resize::kStretch,
                      .pad_value = 0,
                      .mean = {0, 0, 0},
                      .std = {255, 255, 255}},
                     candidates);
}

}  // namespace pare::engine
