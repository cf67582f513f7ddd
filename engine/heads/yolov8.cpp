#include "engine/heads/yolov8.h"

#include <utility>

#include "engine/heads/dfl_rows.h"

namespace pare::engine {
namespace {

constexpr DflRows kRows = {"yolov8", BoxForm::kCentre};

}  // namespace

HeadDef head_yolov8() {
  return {.name = "yolov8",
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
                return decode_scored_rows("yolov8", BoxForm::kCentre, outputs, height, width,
                                          score_threshold);
              },
          .classes = classes_of_scored_rows,
          .roles = roles_of_dfl};
}

}  // namespace pare::engine
