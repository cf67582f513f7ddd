#include "coordinator/jobs/checks.h"

#include <algorithm>

#include "coordinator/jobs/tasks.h"
#include "coordinator/store/processor.h"

namespace pare::coordinator {
namespace {

constexpr int kMostTasks = 10'000;  // a job that prepares has one, and one for each target

bool serves(const Worker& worker, const Target& target) {
  const WorkerProfile& profile = worker.profile;
  return worker.state != WorkerState::kLost &&
         std::ranges::find(profile.pools, target.pool) != profile.pools.end() &&
         std::ranges::find(profile.runtimes, target.runtime, &RuntimeInfo::name) !=
             profile.runtimes.end();
}

bool is_like(const TargetCheck& check, const Worker& worker, const Target& target) {
  const auto runtime =
      std::ranges::find(worker.profile.runtimes, target.runtime, &RuntimeInfo::name);
  return check.processor == processor_of(worker.profile) &&
         check.runtime_version == runtime->version;
}

bool looked_at(const WantedOfCheck& wanted, const TargetCheck& check) {
  const bool floats = check.result_json.find("\"floats\"") != std::string::npos;
  return (check.int8 || !wanted.int8) && (floats || !wanted.floats);
}

// Another version found it, for another job.
bool cannot_be_read(const TargetCheck& check) {
  return !wire::parse_result(check.result_json, TaskKind::kCheck);
}

}  // namespace

std::optional<TargetCheck> reusable(const std::vector<TargetCheck>& recent,
                                    const std::vector<Worker>& workers, const Target& target,
                                    WantedOfCheck wanted) {
  std::vector<const Worker*> serving;
  for (const Worker& worker : workers) {
    if (serves(worker, target)) serving.push_back(&worker);
  }
  if (serving.empty()) return std::nullopt;
  for (const TargetCheck& check : recent) {
    if (!looked_at(wanted, check)) continue;
    const bool holds = std::ranges::all_of(
        serving, [&](const Worker* worker) { return is_like(check, *worker, target); });
    if (!holds) continue;
    TargetCheck again = check;
    again.target = target.name;
    return again;
  }
  return std::nullopt;
}

Result<std::vector<Change>> missing_checks(Store& store, const JobContext& context) {
  const JobId job = context.job.id;
  const auto there = store.checks(job);
  if (!there) return there.error();
  const auto tasks = store.tasks({.job = job, .trial = {}, .state = {}}, {0, kMostTasks});
  if (!tasks) return tasks.error();
  const auto workers = store.workers();
  if (!workers) return workers.error();
  std::vector<Change> changes;
  for (const Target& target : context.targets) {
    const bool known =
        std::ranges::find(there.value(), target.name, &TargetCheck::target) != there.value().end();
    const bool under_way = std::ranges::any_of(tasks.value(), [&](const Task& task) {
      // One that cannot be read will end as a check that failed (unreadable.h).
      const bool check = task.task.kind == TaskKind::kCheck || !task.unreadable.empty();
      return check && !task.task.subject.trial && task.task.target == target.name;
    });
    if (known || under_way) continue;
    auto found = store.recent_checks(target, kCheckLife);
    if (!found) return found.error();
    std::vector<TargetCheck> recent = std::move(found).value();
    std::erase_if(recent, cannot_be_read);
    const bool int8 = context.takes_int8(target);
    auto again = reusable(recent, workers.value(), target,
                          {.int8 = int8, .floats = context.takes_shorter_floats(target)});
    if (again) {
      again->job = job;
      changes.push_back(CheckRecorded{std::move(*again)});
    } else {
      changes.push_back(TaskAdded{check_task(context.job, target, int8)});
    }
  }
  return changes;
}

std::vector<Change> after_check(const Task& task) {
  const JobId job = task.task.subject.job.value();
  TargetCheck check;
  check.job = check.measured_by = job;
  check.target = task.task.target;
  const TaskEnd end = end_of(task);
  if (!end) {
    check.reason = end.error().message;
    return {CheckRecorded{std::move(check)}};
  }
  const auto& found = std::get<DeviceCheck>(end.value().result);
  check.processor = found.processor.empty() ? found.cpu_model : found.processor;
  check.runtime_version = found.runtime_version;
  check.int8 = found.int8;
  check.result_json = wire::result_to_json(found);
  std::vector<Change> changes = {CheckRecorded{check}};
  for (const double reading : found.canary_ms) {
    if (!(reading > 0) || task.ran_on.empty()) continue;
    changes.push_back(CanaryRecorded{job, check.target, {task.ran_on, reading}});
  }
  return changes;
}

std::string why_none_runs(const JobContext& context) {
  std::string reason;
  for (const Target& target : context.targets) {
    const auto check = context.checks.find(target.name);
    if (check == context.checks.end() || check->second.refused.empty()) return {};
    if (reason.empty()) {
      reason = "target \"" + target.name +
               "\" runs not even a small fp32 network: " + check->second.refused;
    }
  }
  return reason;
}

}  // namespace pare::coordinator
