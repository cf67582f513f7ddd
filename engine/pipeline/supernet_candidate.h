// A candidate whose weights are a super-network's: corrected for how much the plan removes, then
// built as any other.
//
// Cost: as build_candidate(), and a pass over the weights.
#pragma once

#include "core/plan.h"
#include "core/result.h"
#include "engine/pipeline/candidate.h"
#include "engine/prune/correction.h"

namespace pare::engine {

// The same model, statistics, super-network and plan give the same bytes; a plan that removes
// nothing gives those of build_candidate().  Fails as corrected() and build_candidate(), and with
// kUnsupported for a plan that chooses channels or repairs them in another way than the
// super-network was trained for (by Gram, independently).
Result<Candidate> build_from_supernet(const Detector& detector, const Supernet& supernet,
                                      const TensorFile& statistics, const Plan& plan);

}  // namespace pare::engine
