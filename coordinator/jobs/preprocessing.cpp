#include "coordinator/jobs/preprocessing.h"

#include <algorithm>

#include "coordinator/jobs/tasks.h"
#include "wire/preprocessing_json.h"

namespace pare::coordinator {
namespace {

constexpr int kMostTasksOfAJob = 10'000;  // as long as it prepares

PreprocessingTrial not_tried(const std::string& why) {
  PreprocessingTrial none;
  none.findings = {"Ways of preparing images were not tried: " + why};
  return none;
}

PreprocessingTrial trial_found_by(const Task& task) {
  const TaskEnd end = end_of(task);
  if (!end) return not_tried(end.error().message);
  const auto& trial = std::get<ModelSummary>(end.value().result).preprocessing_trial;
  return trial ? *trial : not_tried("the worker's engine is of an earlier version");
}

}  // namespace

bool wants_preprocessing_trial(const JobContext& context) {
  return context.labels == LabelSource::kGroundTruth &&
         context.document.validation.try_preprocessings;
}

Result<std::vector<Change>> missing_preprocessing_trial(Store& store, const JobContext& context) {
  const Job& job = context.job;
  if (!wants_preprocessing_trial(context) || !job.preprocessing_json.empty()) {
    return std::vector<Change>();
  }
  const auto tasks = store.tasks({.job = job.id, .trial = {}, .state = {}}, {0, kMostTasksOfAJob});
  if (!tasks) return tasks.error();
  const bool under_way = std::ranges::any_of(tasks.value(), [](const Task& task) {
    // One that cannot be read may be the one: it will end as one that failed (unreadable.h).
    return task.task.kind == TaskKind::kInspectModel && task.state != TaskState::kCancelled;
  });
  if (under_way) return std::vector<Change>();
  return std::vector<Change>{TaskAdded{preprocessing_trial_task(job, context.model.card)}};
}

std::vector<Change> after_preprocessing_trial(const Job& job, const Task& task) {
  const PreprocessingTrial trial = trial_found_by(task);
  std::vector<Change> changes = {
      PreprocessingTried{job.id, wire::preprocessing_trial_to_json(trial)}};
  if (!trial.alarms.empty()) {
    std::vector<std::string> warnings = job.warnings;
    std::ranges::copy(trial.alarms, std::back_inserter(warnings));
    changes.emplace_back(JobWarned{job.id, std::move(warnings)});
  }
  return changes;
}

}  // namespace pare::coordinator
