// From what a user posts to what is stored: all that a job or a comparison names is there and fit
// for it, or the error says which field is at fault.  Thread-safe as the store is; a few queries
// each, and for a job that begins with the fronts of others their views.
#pragma once

#include <vector>

#include "coordinator/jobs/job_view.h"
#include "coordinator/store/store.h"
#include "core/job.h"
#include "core/result.h"
#include "core/target.h"
#include "wire/catalog_json.h"

namespace pare::coordinator {

// How many of these workers could measure on the target now.
int workers_serving(const Target& target, const std::vector<Worker>& workers);

// Fails with kUnsupported, naming the field, if something is not there, was rejected, is served by
// nobody or does not fit; as the store does.
Result<JobDraft> draft_of(Store& store, JobViews& views, const NewJob& job);

struct Experiment {
  ComparisonDraft draft;
  NewTask task;
};

// The same for a comparison.
Result<Experiment> experiment_of(Store& store, wire::NewComparison asked);

}  // namespace pare::coordinator
