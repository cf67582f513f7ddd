#include "engine/heads/yolov5_maps.h"

#include "engine/heads/anchor_maps.h"
#include "engine/heads/anchor_rows.h"
#include "engine/heads/map_outputs.h"

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
  return {.name = "yolov5_maps",
          .preset = {.rgb = true,
                     .resize = Resize::kLetterboxCentre,
                     .pad_value = 114,
                     .mean = {0, 0, 0},
                     .std = {255, 255, 255}},
          .recognise =
              [](const Graph& graph, const Observation& observed) {
                return recognise_anchor_maps("yolov5_maps", kSets, graph, observed);
              },
          .attach = attach_map_outputs,
          .decode =
              [](std::span<const Tensor> outputs, int height, int width, double score_threshold) {
                return decode_anchor_maps("yolov5_maps", kSets, outputs, height, width,
                                          score_threshold);
              },
          .classes = classes_of_anchor_maps,
          .roles =
              [](const HeadMatch& match, const HeadLevel& level) {
                return roles_of_anchors(match, level, AnchorForm::kSquare);
              }};
}

}  // namespace pare::engine
