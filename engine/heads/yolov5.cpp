#include "engine/heads/yolov5.h"

#include <utility>

#include "engine/heads/anchor_rows.h"

namespace pare::engine {

HeadDef head_yolov5() {
  return {.name = "yolov5",
          .preset = {.rgb = true,
                     .resize = Resize::kLetterboxCentre,
                     .pad_value = 114,
                     .mean = {0, 0, 0},
                     .std = {255, 255, 255}},
          .recognise =
              [](const Graph& graph, const Observation& observed) {
                return recognise_anchor_rows("yolov5", AnchorForm::kSquare, graph, observed);
              },
          .attach =
              [](Graph body, const HeadMatch& match) {
                return attach_anchor_rows(std::move(body), match, AnchorForm::kSquare);
              },
          .decode =
              [](std::span<const Tensor> outputs, int height, int width, double score_threshold) {
                return decode_anchor_rows("yolov5", outputs, height, width, score_threshold);
              },
          .classes = classes_of_anchor_rows,
          .roles =
              [](const HeadMatch& match, const HeadLevel& level) {
                return roles_of_anchors(match, level, AnchorForm::kSquare);
              }};
}

}  // namespace pare::engine
