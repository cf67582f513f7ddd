// Accuracies that somebody paid for before.
#pragma once

#include "coordinator/jobs/trial_update.h"
#include "coordinator/store/store.h"

namespace pare::coordinator {

// Those of the trial's candidate, and who could score it now; nothing while it is not built.  Two
// queries at most, whatever other jobs have.  Fails as the store does.
Result<TrialUpdate::Known> known_accuracies(Store& store, const Trial& trial);

}  // namespace pare::coordinator
