#include <algorithm>

#include "coordinator/store/memory_state.h"
#include "coordinator/store/references.h"

namespace pare::coordinator {
namespace {

std::string name_of(JobId job, int number) {
  return "trial " + std::to_string(number) + " of job " + std::to_string(job.value);
}

std::string not_to_confirm(JobId job, int number, const std::string& target) {
  return name_of(job, number) + " has no latency to confirm on \"" + target +
         "\", or one that is confirmed";
}

// Applies one change; an overload for each.
struct Apply {
  MemoryState& state;
  TimePoint now;

  // The job, if it still goes on.
  Result<Job*> open_job(JobId id) const {
    const auto at = state.jobs.find(id);
    if (at == state.jobs.end()) return not_found("job", id.value);
    if (is_final(at->second.state)) {
      return conflict("job " + std::to_string(id.value) + " is " +
                      std::string(pare::name_of(at->second.state)));
    }
    return &at->second;
  }

  // The trial, if its job still goes on.
  Result<StoredTrial*> open_trial(JobId job, int number) const {
    const auto open = open_job(job);
    if (!open) return open.error();
    const auto at = state.trials.find({job, number});
    if (at == state.trials.end()) return conflict("there is no " + name_of(job, number));
    return &at->second;
  }

  Result<StoredTrial*> on_target(JobId job, int number, const std::string& target) const {
    const auto trial = open_trial(job, number);
    if (!trial) return trial.error();
    if (std::ranges::find(state.jobs.at(job).targets, target) == state.jobs.at(job).targets.end()) {
      return conflict("job " + std::to_string(job.value) + " has no target \"" + target + "\"");
    }
    trial.value()->revisions.push_back(++state.revisions[job]);  // it is about to change
    return trial.value();
  }

  static Error invalid(std::string message) {
    return Error{ErrorCode::kInvalidArgument, std::move(message)};
  }

  static Error recorded(JobId job, int number, const std::string& what, const std::string& target) {
    return conflict(name_of(job, number) + " has " + what + " on \"" + target + "\" already");
  }

  Result<bool> operator()(const JobMoved& change) const {
    const auto job = open_job(change.job);
    if (!job) return job.error();
    if (!can_move(job.value()->state, change.to)) {
      return conflict("job " + std::to_string(change.job.value) + " cannot go from " +
                      std::string(pare::name_of(job.value()->state)) + " to " +
                      std::string(pare::name_of(change.to)));
    }
    move_job(state, now, *job.value(), change.to, clean_text(change.reason));
    return true;
  }

  Result<bool> operator()(const JobWarned& change) const {
    const auto job = open_job(change.job);
    if (!job) return job.error();
    job.value()->warnings = clean_texts(change.warnings);
    return true;
  }

  Result<bool> operator()(const SearchedFor& change) const {
    const auto job = open_job(change.job);
    if (!job) return job.error();
    job.value()->searched_seconds += change.seconds;
    return true;
  }

  Result<bool> operator()(const JobPrepared& change) const {
    const auto job = open_job(change.job);
    if (!job) return job.error();
    if (!job.value()->statistics_sha256.empty()) {
      return conflict("job " + std::to_string(change.job.value) + " is prepared already");
    }
    job.value()->statistics_sha256 = change.statistics_sha256;
    job.value()->prepared_json = change.prepared_json;
    return true;
  }

  // The job, if it has that target.
  Result<Job*> job_with(JobId id, const std::string& target) const {
    const auto job = open_job(id);
    if (!job) return job.error();
    const auto& targets = job.value()->targets;
    if (std::ranges::find(targets, target) != targets.end()) return job;
    return conflict("job " + std::to_string(id.value) + " has no target \"" + target + "\"");
  }

  Result<bool> operator()(const CheckRecorded& change) const {
    TargetCheck check = change.check;
    const auto job = job_with(check.job, check.target);
    if (!job) return job.error();
    if (check.result_json.empty() == check.reason.empty()) {
      return invalid("a check has a result or a reason why there is none");
    }
    check.reason = clean_text(check.reason);
    if (check.measured_at == TimePoint{}) check.measured_at = now;
    const JobId id = check.job;
    const std::string target = check.target;
    if (state.checks.emplace(std::pair(id, target), std::move(check)).second) return true;
    return conflict("job " + std::to_string(id.value) + " has a check of \"" + target +
                    "\" already");
  }

  Result<bool> operator()(const CanaryRecorded& change) const {
    const auto job = job_with(change.job, change.target);
    if (!job) return job.error();
    if (!(change.reading.reading_ms > 0)) return invalid("a reading of the canary is positive");
    state.canary[{change.job, change.target}].push_back(change.reading);
    return true;
  }

  Result<bool> operator()(const TrialAdded& change) const {
    const auto job = open_job(change.job);
    if (!job) return job.error();
    int last = 0;
    for (const auto& [key, stored] : state.trials) {
      if (key.first != change.job) continue;
      last = key.second;
      if (stored.trial.plan_sha256 == change.plan_sha256) {
        return conflict(name_of(change.job, key.second) + " has that plan already");
      }
    }
    if (change.number != last + 1) {
      return conflict("the next trial of job " + std::to_string(change.job.value) + " is " +
                      std::to_string(last + 1) + ", not " + std::to_string(change.number));
    }
    Trial& trial = state.trials[{change.job, change.number}].trial;
    trial.job = change.job;
    trial.number = change.number;
    trial.plan_sha256 = change.plan_sha256;
    trial.plan_json = change.plan_json;
    trial.origin = change.origin;
    trial.genome = change.genome;
    trial.created_at = now;
    return true;
  }

  Result<bool> operator()(const TrialBuilt& change) const {
    const auto stored = open_trial(change.job, change.number);
    if (!stored) return stored.error();
    Trial& trial = stored.value()->trial;
    if (!trial.candidate_sha256.empty()) {
      return conflict(name_of(change.job, change.number) + " is built already");
    }
    trial.candidate_sha256 = change.candidate_sha256;
    trial.bytes = change.bytes;
    trial.macs = change.macs;
    trial.build_json = change.build_json;
    return true;
  }

  Result<bool> operator()(const AccuracyRecorded& change) const {
    const auto stored = on_target(change.job, change.number, change.target);
    if (!stored) return stored.error();
    TargetRecord& record = stored.value()->trial.on_target[change.target];
    if (record.accuracy) return recorded(change.job, change.number, "an accuracy", change.target);
    record.accuracy = change.accuracy;
    record.accuracy->alarm = clean_text(change.accuracy.alarm);
    stored.value()->evidence[change.target].accuracy_json = change.accuracy_json;
    stored.value()->identities[change.target] = change.identity_json;
    return true;
  }

  Result<bool> operator()(const LatencyRecorded& change) const {
    const auto stored = on_target(change.job, change.number, change.target);
    if (!stored) return stored.error();
    TargetRecord& record = stored.value()->trial.on_target[change.target];
    if (record.latency) return recorded(change.job, change.number, "a latency", change.target);
    if (!record.infeasible.empty()) {
      return recorded(change.job, change.number, "a reason to be infeasible", change.target);
    }
    record.latency = change.latency;
    record.latency->suspect = clean_text(change.latency.suspect);
    record.latency->samples = static_cast<int>(change.samples_ms.size());
    TargetEvidence& evidence = stored.value()->evidence[change.target];
    evidence.samples_ms = change.samples_ms;
    evidence.latency_json = change.latency_json;
    return true;
  }

  Result<bool> operator()(const LatencyConfirmed& change) const {
    const auto stored = on_target(change.job, change.number, change.target);
    if (!stored) return stored.error();
    TargetRecord& record = stored.value()->trial.on_target[change.target];
    if (!record.latency || record.confirmed) {
      return conflict(not_to_confirm(change.job, change.number, change.target));
    }
    record.confirmed = change.latency;
    record.confirmed->suspect = clean_text(change.latency.suspect);
    record.confirmed->samples = static_cast<int>(change.samples_ms.size());
    TargetEvidence& evidence = stored.value()->evidence[change.target];
    evidence.confirmed_samples_ms = change.samples_ms;
    evidence.confirmed_json = change.latency_json;
    return true;
  }

  Result<bool> operator()(const InfeasibleRecorded& change) const {
    const auto stored = on_target(change.job, change.number, change.target);
    if (!stored) return stored.error();
    TargetRecord& record = stored.value()->trial.on_target[change.target];
    if (record.latency && record.accuracy) {
      return recorded(change.job, change.number, "a measurement", change.target);
    }
    if (!record.infeasible.empty()) {
      return recorded(change.job, change.number, "a reason to be infeasible", change.target);
    }
    if (change.reason.empty()) return conflict("an infeasible trial needs a reason");
    record.infeasible = clean_text(change.reason);
    return true;
  }

  Result<bool> operator()(const TrialEnded& change) const {
    const auto stored = open_trial(change.job, change.number);
    if (!stored) return stored.error();
    Trial& trial = stored.value()->trial;
    if (trial.state != TrialState::kRunning || change.state == TrialState::kRunning) {
      return conflict(name_of(change.job, change.number) + " is " +
                      std::string(coordinator::name_of(trial.state)) + " and cannot become " +
                      std::string(coordinator::name_of(change.state)));
    }
    trial.state = change.state;
    trial.reason = clean_text(change.reason);
    trial.finished_at = now;
    return true;
  }

  Result<bool> operator()(const SearchLogged& change) const {
    const auto job = open_job(change.job);
    if (!job) return job.error();
    auto& log = state.search_logs[change.job];
    log.push_back({static_cast<int>(log.size()) + 1, change.step, change.payload_json});
    return true;
  }

  Result<bool> operator()(const TaskAdded& change) const {
    if (change.task.subject.job) {
      const auto job = open_job(*change.task.subject.job);
      if (!job) return job.error();
    }
    queue_task(state, now, change.task);
    return true;
  }

  Result<bool> operator()(const TaskSetAside& change) const {
    if (change.reason.empty()) return conflict("a task that is set aside needs a reason");
    const auto at = state.tasks.find(change.task);
    const bool ended = at != state.tasks.end() && (at->second.task.state == TaskState::kSucceeded ||
                                                   at->second.task.state == TaskState::kFailed);
    if (!ended || !at->second.task.set_aside.empty()) {
      return conflict("task " + std::to_string(change.task.value) +
                      " has not ended, or is set aside already");
    }
    at->second.task.set_aside = clean_text(change.reason);
    return true;
  }

  Result<bool> operator()(const ModelInspected& change) const {
    if ((change.state == EntryState::kReady) == change.summary_json.empty() ||
        (change.state == EntryState::kRejected) == change.reason.empty()) {
      return invalid("a model is ready with a summary, or rejected with a reason");
    }
    for (Model& model : state.models) {
      if (model.sha256 != change.sha256 || model.state != EntryState::kInspecting) continue;
      model.state = change.state;
      model.reason = clean_text(change.reason);
      model.summary_json = change.summary_json;
      return true;
    }
    return conflict("model " + change.sha256 + " is not being inspected");
  }

  Result<bool> operator()(const DatasetInspected& change) const {
    if ((change.state == EntryState::kRejected) == change.reason.empty()) {
      return invalid("a dataset is rejected with a reason, or ready without one");
    }
    for (Dataset& dataset : state.datasets) {
      if (dataset.sha256 != change.sha256 || dataset.state != EntryState::kInspecting) continue;
      dataset.state = change.state;
      dataset.reason = clean_text(change.reason);
      dataset.counts = change.counts;
      return true;
    }
    return conflict("dataset " + change.sha256 + " is not being inspected");
  }

  Result<bool> operator()(const ComparisonEnded& change) const {
    const auto at = state.comparisons.find(change.comparison);
    if (at == state.comparisons.end()) return not_found("comparison", change.comparison.value);
    Comparison& comparison = at->second;
    const bool final =
        change.state == ComparisonState::kSucceeded || change.state == ComparisonState::kFailed;
    if (comparison.finished_at || !final) {
      return conflict("comparison " + std::to_string(change.comparison.value) + " is " +
                      std::string(coordinator::name_of(comparison.state)) + " and cannot become " +
                      std::string(coordinator::name_of(change.state)));
    }
    comparison.state = change.state;
    comparison.reason = clean_text(change.reason);
    comparison.result_json = change.result_json;
    comparison.finished_at = now;
    return true;
  }
};

}  // namespace

Result<bool> apply_change(MemoryState& state, TimePoint now, const Change& change) {
  return std::visit(Apply{state, now}, change);
}

void move_job(MemoryState& state, TimePoint now, Job& job, JobState to, const std::string& reason) {
  job.state = to;
  job.reason = reason;
  if (!job.started_at && to == JobState::kPreparing) job.started_at = now;
  if (!job.searching_at && to == JobState::kSearching) job.searching_at = now;
  if (is_final(to)) {
    job.finished_at = now;
    cancel_tasks(state, now, [&](const Task& task) { return task.task.subject.job == job.id; });
    for (auto& [key, stored] : state.trials) {
      if (key.first != job.id || stored.trial.state != TrialState::kRunning) continue;
      stored.trial.state = TrialState::kFailed;
      stored.trial.reason = "the job ended first: " + std::string(pare::name_of(to));
      stored.trial.finished_at = now;
    }
  }
}

}  // namespace pare::coordinator
