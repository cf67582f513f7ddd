// What the steps of a job need to know, read from the store once and never changed.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "coordinator/store/store.h"
#include "core/job.h"
#include "core/model_summary.h"
#include "core/target.h"
#include "search/space.h"
#include "search/strategy.h"

namespace pare::coordinator {

struct JobContext {
  Job job;          // as it was when this was read; its state moves on
  NewJob document;  // as posted
  ModelSummary model;
  std::vector<Target> targets;  // in the order of the document
  search::Space space;

  // The model's card with the input size of the plan's candidates.
  ModelCard card_of(const Plan& plan) const;

  // True if a plan of this precision may be measured there.  The original may, everywhere: it is
  // what everything is compared with.
  bool allows(const Target& target, const Plan& plan) const;

  // What the accuracy of a plan is scored on, for that target.
  std::string accuracy_runtime(const Target& target, const Plan& plan) const;
};

// REQUIRES: the model is ready.  Fails with kInvalidArgument if the document or the summary make no
// sense together.
Result<JobContext> load_context(Store& store, const Job& job);

// What the strategy is told of a trial that has ended.  A function of what is stored, so that a
// restored strategy is told the same.
search::Observation observation_of(const JobContext& context, const Trial& trial);

}  // namespace pare::coordinator
