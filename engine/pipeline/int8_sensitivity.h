// Which layers int8 hurts: each convolution quantized alone, on a few images, by what that does to
// the model's outputs.
//
// Exact int8 arithmetic is simulated in fp32 on the executor (WeightForm::kSimulated), so that the
// answer is about the network and not about one runtime's kernels.
//
// Cost: a compilation and a few runs for each convolution (yolov5n at half its resolution: 60
// layers in about 25 s on one core).
#pragma once

#include <string>
#include <vector>

#include "core/guidance.h"
#include "core/result.h"
#include "engine/graph/tensor_file.h"
#include "engine/pipeline/detector.h"
#include "engine/pipeline/prepare.h"
#include "engine/pipeline/progress.h"

namespace pare::engine {

struct Int8SensitivityOptions {
  int height = 0;  // one of those that `prepare` kept histograms of
  int width = 0;
  int images = 4;  // at most
};

// Damage: squared error of each output over its variance, the mean of all outputs.  The most harmed
// layer first.  `statistics` is what prepare() made.  Fails as insert_qdq() and the executor do.
Result<std::vector<LayerSensitivity>> int8_sensitivity(const Detector& detector,
                                                       const TensorFile& statistics,
                                                       std::size_t images, const ImageSource& image,
                                                       const Int8SensitivityOptions& options,
                                                       const Progress& progress,
                                                       Journal& journal = no_journal());

// What of the body's ranges a user should know before int8 is tried, one sentence each.
// REQUIRES: `statistics` is what prepare() made, with int8, at the model's own resolution among
// others.
std::vector<std::string> int8_notes(const Detector& detector, const TensorFile& statistics);

}  // namespace pare::engine
