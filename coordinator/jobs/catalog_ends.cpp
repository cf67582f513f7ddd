#include "coordinator/jobs/catalog_ends.h"

#include "coordinator/jobs/trial_update.h"

namespace pare::coordinator {
namespace {

Change after_model(const std::string& sha256, const TaskEnd& end) {
  if (!end) return ModelInspected{sha256, EntryState::kRejected, end.error().message, ""};
  const auto& summary = std::get<ModelSummary>(end.value().result);
  if (summary.sha256 != sha256) {
    return ModelInspected{sha256, EntryState::kRejected,
                          "the inspection is of another file, " + summary.sha256, ""};
  }
  return ModelInspected{sha256, EntryState::kReady, "", wire::result_to_json(summary)};
}

Change after_dataset(const std::string& sha256, const TaskEnd& end) {
  if (!end) return DatasetInspected{sha256, EntryState::kRejected, end.error().message, {}};
  return DatasetInspected{sha256, EntryState::kReady, "",
                          std::get<DatasetCounts>(end.value().result)};
}

Change after_comparison(ComparisonId comparison, const TaskEnd& end) {
  if (!end) return ComparisonEnded{comparison, ComparisonState::kFailed, end.error().message, ""};
  return ComparisonEnded{comparison, ComparisonState::kSucceeded, "",
                         wire::result_to_json(end.value().result)};
}

}  // namespace

Result<std::vector<Change>> after_catalog_task(const Task& task) {
  const TaskEnd end = end_of(task);
  const TaskSubject& subject = task.task.subject;
  switch (task.task.kind) {
    case TaskKind::kInspectModel: return std::vector{after_model(subject.model_sha256, end)};
    case TaskKind::kInspectDataset: return std::vector{after_dataset(subject.dataset_sha256, end)};
    case TaskKind::kCompare:
      if (!subject.comparison) return std::vector<Change>{};
      return std::vector{after_comparison(*subject.comparison, end)};
    default: break;
  }
  return Error{ErrorCode::kInternal,
               "a task of kind \"" + std::string(name_of(task.task.kind)) + "\" is about no job"};
}

}  // namespace pare::coordinator
