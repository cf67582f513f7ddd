// From a plan to the ONNX file of its candidate, without a single image: all that is needed was
// gathered by prepare().  Only a plan that repairs in sequence needs calibration images again.
//
//   leave out blocks -> shrink kernels -> select units -> reconstruct consumers -> prune -> change
//   resolution -> zeros -> Q/DQ -> weights in fewer bits -> decode tail
//   -> element types of the original's edges -> what its numbers are while it computes (a word in
//   the file's metadata) -> verify
//
// The same model, statistics and plan give the same bytes.
// Cost: opening the model apart, 1 to 4 s for a detector of 2 million parameters, most of it the
// consumers' least squares and one observation of the result.  In sequence 10 to 30 s more
// (sequential.h).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "core/plan.h"
#include "core/result.h"
#include "engine/graph/tensor_file.h"
#include "engine/pipeline/detector.h"
#include "engine/pipeline/prepare.h"

namespace pare::engine {

struct Candidate {
  std::string onnx;
  Cost cost;
  std::map<std::string, std::pair<int, int>> widths;  // group -> kept, of
};

// The calibration set, for plans that repair in sequence.
struct CalibrationImages {
  std::size_t count = 0;
  ImageSource image;
};

// By activation: what the range that a plan's method chooses is multiplied with (insert_qdq.h).
using RangeFactors = std::map<std::string, double>;

// Fails with kInvalidArgument, naming it, for a block, kernel, group, width, layer or size that the
// model does not have, and if a plan needs images and there are none; with kUnsupported where the
// model cannot follow (int8 below opset 13, a fixed Reshape); as the image source does; as
// verify_written() if the file that came out is not what it should be.
Result<Candidate> build_candidate(const Detector& detector, const TensorFile& statistics,
                                  const Plan& plan, const CalibrationImages& images = {},
                                  const RangeFactors& factors = {});

}  // namespace pare::engine
