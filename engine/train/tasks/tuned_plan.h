// One plan's weights, trained alone: its body, and what comes out as a change of it.
//
// The body is the original without the plan's blocks and with its kernels, fitted in closed form,
// and with a super-network's weights before that, where the plan inherits.  What is trained goes on
// from there; what comes out is all that differs from the body with the original's weights, so that
// a candidate needs this file alone.
#pragma once

#include "core/plan.h"
#include "core/result.h"
#include "engine/pipeline/detector.h"
#include "engine/prune/correction.h"
#include "engine/prune/statistics.h"
#include "engine/train/tasks/opened.h"
#include "engine/train/tasks/plans.h"

namespace pare::engine {

struct TunedBody {
  Detector detector;      // whose body is trained
  Statistics statistics;  // of that body
  Graph plain;            // the same body with the original's weights
  Plans plans;            // the one
  double share = 0;       // of the MACs that it removes; the only knot
  Int8Change int8 = {};   // of what it inherits: tuning leaves that as it is
};

// `from`: the super-network that the plan inherits; null: none.  Fails as reduce() and corrected();
// with kUnsupported for a plan without narrower groups, or one that chooses channels or repairs
// them in another way than weights are trained for.
Result<TunedBody> tuned_body(const OpenedModel& model, const Plan& plan, const Supernet* from);

// The whole change, of what training came to.  Fails as corrected().
Result<Supernet> whole_change(const TunedBody& body, const Supernet& trained);

}  // namespace pare::engine
