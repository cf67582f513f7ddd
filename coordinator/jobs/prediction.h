// What a job's trials say of plans that it has not tried.
//
// An answer to a question, never a result: it appears in no front and in no list of trials.  Cost:
// search/surrogate/prediction.h.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "coordinator/jobs/job_context.h"
#include "coordinator/store/trial_records.h"
#include "core/plan.h"
#include "core/result.h"
#include "search/surrogate/prediction.h"

namespace pare::coordinator {

struct PredictedMetric {
  Metric metric;
  search::Predicted value;  // in the metric's own unit, low < mean < high
};

struct PredictedOutcome {
  std::string target;
  std::string never;                     // why the target takes no such plan; empty: it may
  double works = 1;                      // the chance that it can be measured
  std::vector<PredictedMetric> metrics;  // of the job's objectives; empty: too few trials there
};

// The weights that an answer about the plan is for: those that the job's plans have that remove as
// much, because no trial of it says what others would come to.
Weights predicted_weights(const JobContext& context, const Plan& plan);

// One list an asked plan, with these weights, in the order of the job's targets.  Fails with
// kInvalidArgument, naming it, for a plan outside the job's space, and with kConflict while no
// target has enough trials.
Result<std::vector<std::vector<PredictedOutcome>>> predict(const JobContext& context,
                                                           std::span<const Trial> trials,
                                                           std::span<const Plan> plans);

}  // namespace pare::coordinator
