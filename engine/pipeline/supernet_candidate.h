// A candidate whose weights were trained.  A super-network's are corrected for how much the plan
// removes, and for int8 where it lowers something to that, then it is built as any other.  Those of
// a tuned plan are a change of what is left when its blocks are out and its kernels small, because
// that is what was trained.
//
// Cost: as build_candidate(), and a pass over the weights.
#pragma once

#include "core/plan.h"
#include "core/result.h"
#include "engine/pipeline/candidate.h"
#include "engine/prune/correction.h"

namespace pare::engine {

// Of the multiply-accumulates, by blocks, kernels and widths.  Fails as reduce().
Result<double> share_removed(const Detector& detector, const TensorFile& statistics,
                             const Plan& plan);

// By what the plan says of its weights; of a plan that says nothing, a super-network's.
// The same model, statistics, super-network and plan give the same bytes; a plan that removes
// nothing and is not int8 gives those of build_candidate().  Fails as corrected() and
// build_candidate(), and with kUnsupported for a plan that chooses channels or repairs them in
// another way than the super-network was trained for (by Gram, independently).
Result<Candidate> build_from_supernet(const Detector& detector, const Supernet& supernet,
                                      const TensorFile& statistics, const Plan& plan);

}  // namespace pare::engine
