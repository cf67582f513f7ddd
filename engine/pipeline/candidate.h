// From a plan to the ONNX file of its candidate, without a single image: all that is needed was
// gathered by prepare().
//
//   select units -> reconstruct consumers -> prune -> change resolution -> Q/DQ -> decode tail
//
// The same model, statistics and plan give the same bytes.
// Cost: opening the model apart, 1 to 4 s for a detector of 2 million parameters, most of it the
// consumers' least squares and one observation of the result.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "core/plan.h"
#include "core/result.h"
#include "engine/graph/tensor_file.h"
#include "engine/pipeline/detector.h"

namespace pare::engine {

struct Candidate {
  std::string onnx;
  Cost cost;
  std::map<std::string, std::pair<int, int>> widths;  // group -> kept, of
};

// Fails with kInvalidArgument, naming it, for a group, width, layer or size that the model does not
// have; with kUnsupported where the model cannot follow (int8 below opset 13, a fixed Reshape).
Result<Candidate> build_candidate(const Detector& detector, const TensorFile& statistics,
                                  const Plan& plan);

}  // namespace pare::engine
