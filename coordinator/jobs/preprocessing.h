// Whether a job's original finds what is labelled, and whether another way of preparing images fits
// it better: tried while the job prepares, so that no search is spent on a card that is wrong.
// Pure but for reading the store.
//
// A trial that cannot be made stops nothing: its findings say why.
#pragma once

#include <vector>

#include "coordinator/jobs/job_context.h"
#include "coordinator/jobs/trial_update.h"
#include "coordinator/store/batch.h"

namespace pare::coordinator {

// There are labels and boxes to hold against them, and the user did not say that the card is right.
bool wants_preprocessing_trial(const JobContext& context);

// The task that a job which prepares still lacks; empty: it is there, on its way, or not wanted.
Result<std::vector<Change>> missing_preprocessing_trial(Store& store, const JobContext& context);

// What follows from the end of that task.  What is alarming is a warning of the job.
std::vector<Change> after_preprocessing_trial(const Job& job, const Task& task);

}  // namespace pare::coordinator
