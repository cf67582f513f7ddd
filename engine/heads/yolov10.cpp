#include "engine/heads/yolov10.h"

#include <utility>

#include "engine/heads/dfl_rows.h"

namespace pare::engine {
namespace {

constexpr DflRows kRows = {"yolov10", BoxForm::kCorners};

}  // namespace

HeadDef head_yolov10() {
  return {.name = "yolov10",
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
                return decode_scored_rows("yolov10", BoxForm::kCorners, outputs, height, width,
                                          score_threshold);
              },
          .classes = classes_of_scored_rows,
          .roles = roles_of_dfl};
}

}  // namespace pare::engine
