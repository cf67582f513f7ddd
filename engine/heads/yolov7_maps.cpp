#include "engine/heads/yolov7_maps.h"

#include "engine/heads/anchor_maps.h"
#include "engine/heads/anchor_rows.h"
#include "engine/heads/map_outputs.h"

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
  return {.name = "yolov7_maps",
          .preset = {.rgb = true,
                     .resize = Resize::kLetterboxCentre,
                     .pad_value = 114,
                     .mean = {0, 0, 0},
                     .std = {255, 255, 255}},
          .recognise =
              [](const Graph& graph, const Observation& observed) {
                return recognise_anchor_maps("yolov7_maps", kSets, graph, observed);
              },
          .attach = attach_map_outputs,
          .decode =
              [](std::span<const Tensor> outputs, int height, int width, double score_threshold) {
                return decode_anchor_maps("yolov7_maps", kSets, outputs, height, width,
                                          score_threshold);
              },
          .classes = classes_of_anchor_maps,
          .roles =
              [](const HeadMatch& match, const HeadLevel& level) {
                return roles_of_anchors(match, level, AnchorForm::kSquare);
              }};
}

}  // namespace pare::engine
