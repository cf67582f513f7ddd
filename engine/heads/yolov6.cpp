#include "engine/heads/yolov6.h"

#include <utility>

#include "engine/heads/anchor_rows.h"
#include "engine/heads/dfl_rows.h"

namespace pare::engine {
namespace {

constexpr DflRows kRows = {"yolov6", BoxForm::kCentre, true};

}  // namespace

HeadDef head_yolov6() {
  return {.name = "yolov6",
          .preset = {.rgb = true,
                     .resize = Resize::kLetterboxCentre,
                     .pad_value = 114,
                     .mean = {0, 0, 0},
                     .std = {255, 255, 255}},
          .recognise =
              [](const Graph& graph, const Observation& observed) {
                return recognise_dfl_rows(kRows, graph, observed);
              },
          .attach =
              [](Graph body, const HeadMatch& match) {
                return attach_dfl_rows(std::move(body), match, kRows);
              },
          .decode =
              [](std::span<const Tensor> outputs, int height, int width, double score_threshold) {
                return decode_anchor_rows("yolov6", outputs, height, width, score_threshold);
              },
          .classes = classes_of_anchor_rows,
          .roles = roles_of_dfl};
}

}  // namespace pare::engine
