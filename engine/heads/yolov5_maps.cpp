#include "engine/heads/yolov5_maps.h"

#include "engine/heads/anchor_maps.h"

namespace pare::engine {
namespace {

const AnchorSets kSets[] = {{{{10, 13}, {16, 30}, {33, 23}},
                             {{30, 61}, {62, 45}, {59, 119}},
                             {{116, 90}, {156, 198}, {373, 326}}},
                            {{{19, 27}, {44, 40}, {38, 94}},
                             {{96, 68}, {86, 152}, {180, 137}},
                             {{140, 301}, {303, 264}, {238, 542}},
                             {{436, 615}, {739, 380}, {925, 792}}}};

}  // namespace

HeadDef head_yolov5_maps() {
  return anchor_maps_head("yolov5_maps", kSets);
}

}  // namespace pare::engine
