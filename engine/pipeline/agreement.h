// How far a candidate's raw outputs agree with the original's: the accuracy of a detector whose
// outputs nobody here can read as boxes.
//
// Of one output of one image: 1 - |c - t| / (|c| + |t|), c the candidate's values, t the
// original's, |.| the Euclidean norm; 1 where both are nothing but zeros.  By the triangle
// inequality it lies in [0, 1]; it is 1 for equal outputs only, and does not depend on the scale of
// an output.  An image's agreement is the mean over the outputs, the candidate's the mean over the
// images.
//
// Cost: two inferences an image.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/pipeline/progress.h"
#include "engine/pipeline/scoring.h"

namespace pare::engine {

struct ImageAgreement {
  std::int64_t image_id = 0;
  double value = 0;
};

struct Agreement {
  double value = 0;
  std::map<std::string, double> by_output;
  std::vector<ImageAgreement> images;
  std::vector<double> draws;  // on halves of the images (engine/detect/half_samples.h)
};

// A value that is not finite agrees with the same only, which is then left out: else that output
// counts as 0.
// REQUIRES: same size.
double agreement(std::span<const float> original, std::span<const float> candidate);

// Fails with kInvalidArgument, naming the output, if one is missing or has another shape or type;
// and as choose_images(), the images and the runners do.
Result<Agreement> agreement(const RunningDetector& original, const RunningDetector& candidate,
                            const Dataset& dataset, const ChosenImages& images,
                            const Progress& progress, Stopwatch& watch);

// [{"image_id": 1, "agreement": 0.98}, ...], and back.
std::string agreements_to_json(const std::vector<ImageAgreement>& images);
Result<std::vector<ImageAgreement>> parse_agreements(const std::string& json);

}  // namespace pare::engine
