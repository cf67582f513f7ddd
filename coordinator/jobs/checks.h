// The reality checks of a job: which are to be made, which are there already, and what an end of
// one means.  Pure but for reading the store.
//
// A check is used again for a target of the same pool, runtime and threads if it is younger than a
// day, every live worker that serves the target is of the processor and the runtime's version that
// it was made with, and it looked at int8 and at shorter floating-point types where they are
// wanted.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coordinator/jobs/job_context.h"
#include "coordinator/jobs/trial_update.h"
#include "coordinator/store/batch.h"

namespace pare::coordinator {

inline constexpr std::chrono::hours kCheckLife{24};

// What a job that prepares still lacks: a check that is used again, or a task that makes one.
// Empty when all are there or on their way.
Result<std::vector<Change>> missing_checks(Store& store, const JobContext& context);

// What a check must have looked at.
struct WantedOfCheck {
  bool int8 = false;
  bool floats = false;  // shorter types: an engine from before did not
};

// The first of `recent` that holds for the target; its job is not set.
std::optional<TargetCheck> reusable(const std::vector<TargetCheck>& recent,
                                    const std::vector<Worker>& workers, const Target& target,
                                    WantedOfCheck wanted);

// What follows from the end of a task of the kind `check`.  A check that fails is kept with the
// reason: the search goes on without it.
std::vector<Change> after_check(const Task& task);

// Why no target of the job can run anything; empty: one can, or it is not known.
// REQUIRES: all checks are there.
std::string why_none_runs(const JobContext& context);

}  // namespace pare::coordinator
