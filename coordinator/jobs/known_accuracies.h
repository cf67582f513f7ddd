// Accuracies that somebody paid for before: of the same candidate, on the same images.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coordinator/jobs/job_context.h"
#include "coordinator/jobs/trial_update.h"
#include "coordinator/store/store.h"

namespace pare::coordinator {

// For each of the runtimes, in their order: what is stored already of the candidate that a build
// ended with; nullopt: nothing that holds here.  Fails as the store does.
Result<std::vector<std::optional<TrialUpdate::KnownAccuracy>>> known_accuracies(
    Store& store, const JobContext& context, const TaskEnd& end,
    const std::vector<std::string>& runtimes);

}  // namespace pare::coordinator
