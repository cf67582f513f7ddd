#include "coordinator/jobs/unreadable.h"

#include "wire/task_json.h"
#include "wire/task_params.h"

namespace pare::coordinator {
namespace {

constexpr std::size_t kMostWarnings = 20;  // of a job: who has more of them reads the log

TaskKind kind_about(const TaskSubject& subject) {
  if (subject.comparison) return TaskKind::kCompare;
  return subject.model_sha256.empty() ? TaskKind::kInspectDataset : TaskKind::kInspectModel;
}

// While it prepares.  The document may still say what the row does not.
TaskKind kind_of_preparation(const NewTask& task) {
  if (!task.target.empty()) return TaskKind::kCheck;
  const auto document = wire::parse_task(task.document_json);
  const bool tries = document && document.value().kind() == TaskKind::kInspectModel;
  return tries ? TaskKind::kInspectModel : TaskKind::kPrepare;
}

// Latencies are measured on a target each, accuracies are scored for several at once.
TaskKind kind_about(const Trial& trial, const NewTask& task) {
  if (trial.candidate_sha256.empty()) return TaskKind::kBuild;
  // Nothing is scored when the trial is over; its weights may be trained.
  if (trial.state != TrialState::kRunning && task.target.empty()) return TaskKind::kTrain;
  return task.target.empty() ? TaskKind::kEvaluate : TaskKind::kBenchmark;
}

}  // namespace

Result<Task> as_failed(Store& store, Task task) {
  task.state = TaskState::kFailed;
  task.reason = task.unreadable;
  NewTask& what = task.task;
  if (!what.subject.job) {
    what.kind = kind_about(what.subject);
  } else if (!what.subject.trial) {
    what.kind = kind_of_preparation(what);
  } else {
    const auto trial = store.trial(*what.subject.job, *what.subject.trial);
    if (!trial) return trial.error();
    what.kind = kind_about(trial.value(), what);
    if (what.runtime.empty()) what.runtime = wire::kExecutor;  // which needs no runtime of a worker
  }
  return task;
}

Result<std::vector<Change>> said_of(Store& store, const Task& task) {
  std::vector<Change> changes = {TaskSetAside{task.id, task.unreadable}};
  if (!task.task.subject.job) return changes;
  const auto job = store.job(*task.task.subject.job);
  if (!job) return job.error();
  std::vector<std::string> warnings = job.value().warnings;
  if (is_final(job.value().state) || warnings.size() >= kMostWarnings) return changes;
  const auto trial = task.task.subject.trial;
  warnings.push_back(
      task.unreadable +
      (trial ? "; trial " + std::to_string(*trial) + " goes without what it found" : ""));
  changes.push_back(JobWarned{job.value().id, std::move(warnings)});
  return changes;
}

}  // namespace pare::coordinator
