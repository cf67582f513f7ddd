#include "coordinator/jobs/known_accuracies.h"

#include <algorithm>

#include "coordinator/jobs/job_metrics.h"

namespace pare::coordinator {

Result<std::vector<std::optional<TrialUpdate::KnownAccuracy>>> known_accuracies(
    Store& store, const JobContext& context, const TaskEnd& end,
    const std::vector<std::string>& runtimes) {
  std::vector<std::optional<TrialUpdate::KnownAccuracy>> known(runtimes.size());
  if (!end) return known;
  const auto artifact = end.value().artifacts.find("candidate");
  if (artifact == end.value().artifacts.end()) return known;
  const auto* blob = std::get_if<wire::BlobRef>(&artifact->second);
  if (blob == nullptr) return known;
  const auto same = store.trials_with_candidate(blob->sha256);
  if (!same && same.error().code == ErrorCode::kNotFound) return known;
  if (!same) return same.error();
  for (const Trial& trial : same.value()) {
    const auto job = store.job(trial.job);
    if (!job) return job.error();
    if (job.value().dataset_sha256 != context.job.dataset_sha256) continue;
    // Scored against another original, it says nothing here.
    if (context.teacher() && job.value().model_sha256 != context.job.model_sha256) continue;
    for (const auto& [target, record] : trial.on_target) {
      if (!record.accuracy || record.accuracy->detections_sha256.empty()) continue;
      if (record.accuracy->expected) continue;  // of some images only
      const auto at = std::ranges::find(runtimes, record.accuracy->runtime);
      if (at == runtimes.end()) continue;
      const auto evidence = store.evidence(trial.job, trial.number, target);
      if (!evidence) return evidence.error();
      const std::string& json = evidence.value().accuracy_json;
      const auto result = wire::parse_result(json, TaskKind::kEvaluate);
      if (!result) continue;
      const auto figures =
          figures_of(context.document, std::get<wire::EvaluateResult>(result.value()));
      if (!figures) continue;  // scored again, it will say why
      AccuracyRecord accuracy = *record.accuracy;
      accuracy.figures = figures.value();
      known[static_cast<std::size_t>(at - runtimes.begin())] = {std::move(accuracy), json};
    }
  }
  return known;
}

}  // namespace pare::coordinator
