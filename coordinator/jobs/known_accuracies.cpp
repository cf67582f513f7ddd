#include "coordinator/jobs/known_accuracies.h"

#include "coordinator/store/processor.h"

namespace pare::coordinator {

Result<TrialUpdate::Known> known_accuracies(Store& store, const Trial& trial) {
  TrialUpdate::Known known;
  if (trial.candidate_sha256.empty()) return known;
  auto accuracies = store.accuracies_of(trial.candidate_sha256);
  if (!accuracies) return accuracies.error();
  known.accuracies = std::move(accuracies).value();
  if (known.accuracies.empty()) return known;
  const auto workers = store.workers();
  if (!workers) return workers.error();
  known.scorers = scorers_of(workers.value());
  return known;
}

}  // namespace pare::coordinator
