#include "engine/heads/yolov7_maps.h"

#include "engine/heads/anchor_maps.h"

namespace pare::engine {
namespace {

const AnchorSets kSets[] = {{{{12, 16}, {19, 36}, {40, 28}},
                             {{36, 75}, {76, 55}, {72, 146}},
                             {{142, 110}, {192, 243}, {459, 401}}},
                            {{{19, 27}, {44, 40}, {38, 94}},
                             {{96, 68}, {86, 152}, {180, 137}},
                             {{140, 301}, {303, 264}, {238, 542}},
                             {{436, 615}, {739, 380}, {925, 792}}}};

}  // namespace

HeadDef head_yolov7_maps() {
  return anchor_maps_head("yolov7_maps", kSets);
}

}  // namespace pare::engine
