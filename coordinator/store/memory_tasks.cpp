#include <algorithm>

#include "coordinator/store/memory_store_impl.h"
#include "coordinator/store/references.h"

namespace pare::coordinator {
namespace {

std::string task_body(TaskId task) {
  return "{\"task\":" + std::to_string(task.value) + "}";
}

bool can_run(const WorkerProfile& profile, const NewTask& task) {
  const auto has_pool = [&] {
    return std::ranges::find(profile.pools, task.pool) != profile.pools.end();
  };
  const auto has_runtime = [&] {
    return std::ranges::any_of(profile.runtimes,
                               [&](const RuntimeInfo& r) { return r.name == task.runtime; });
  };
  return (task.pool.empty() || has_pool()) && (task.runtime.empty() || has_runtime());
}

void end_task(MemoryState& state, TimePoint now, StoredTask& stored, TaskState to) {
  stored.task.state = to;
  stored.task.leased_by.clear();
  stored.task.device_id.clear();
  if (is_final(to)) {
    stored.task.finished_at = now;
  } else {
    stored.task.progress = 0.0;
    stored.task.message.clear();
    if (state.task_queued) state.task_queued();
  }
  log_event(state, now, "task." + std::string(pare::name_of(to)), stored.task.task.subject.job,
            task_body(stored.task.id));
}

}  // namespace

void log_event(MemoryState& state, TimePoint now, std::string kind, std::optional<JobId> job,
               std::string body_json) {
  const auto id = static_cast<std::int64_t>(state.events.size()) + 1;
  state.events.push_back({id, now, std::move(kind), job, std::move(body_json)});
}

TaskId queue_task(MemoryState& state, TimePoint now, const NewTask& task) {
  const TaskId id{static_cast<std::int64_t>(state.tasks.size()) + 1};
  StoredTask& stored = state.tasks[id];
  stored.task.id = id;
  stored.task.task = task;
  stored.task.created_at = now;
  log_event(state, now, "task.queued", task.subject.job, task_body(id));
  if (state.task_queued) state.task_queued();
  return id;
}

void cancel_task(MemoryState& state, TimePoint now, StoredTask& stored) {
  if (is_final(stored.task.state)) {
    if (stored.task.state != TaskState::kCancelled) stored.task.handled = true;
  } else {
    end_task(state, now, stored, TaskState::kCancelled);
  }
}

Worker MemoryStore::with_tasks(const StoredWorker& stored) const {
  Worker worker = stored.worker;
  for (const auto& [id, task] : state_.tasks) {
    if (task.task.state == TaskState::kLeased && task.task.leased_by == worker.session) {
      worker.tasks.push_back(id);
    }
  }
  worker.state = stored.lost            ? WorkerState::kLost
                 : worker.tasks.empty() ? WorkerState::kIdle
                                        : WorkerState::kBusy;
  return worker;
}

Health MemoryStore::health() {
  const std::scoped_lock lock(mutex_);
  Health health;
  for (const auto& [session, stored] : state_.workers) health.workers += stored.lost ? 0 : 1;
  return health;
}

void MemoryStore::when_tasks_are_queued(std::function<void()> bell) {
  const std::scoped_lock lock(mutex_);
  state_.task_queued = std::move(bell);
}

Result<Worker> MemoryStore::greet(std::string_view session, const WorkerProfile& profile) {
  const std::scoped_lock lock(mutex_);
  StoredWorker& stored = state_.workers[std::string(session)];
  const bool joins = stored.lost || stored.worker.session.empty();
  stored.worker.session = session;
  stored.worker.profile = profile;
  stored.worker.last_seen = now();
  stored.lost = false;
  if (joins) log_event(state_, now(), "worker.joined", {}, "{}");
  return with_tasks(stored);
}

void MemoryStore::give_back(StoredTask& stored, const std::string& why) {
  const bool again = stored.task.attempt < stored.task.task.max_attempts;
  stored.task.reason = why + " (attempt " + std::to_string(stored.task.attempt) + " of " +
                       std::to_string(stored.task.task.max_attempts) + ")";
  end_task(state_, now(), stored, again ? TaskState::kQueued : TaskState::kFailed);
}

Result<std::vector<TaskId>> MemoryStore::retire(std::string_view session) {
  const std::scoped_lock lock(mutex_);
  std::vector<TaskId> given_back;
  const auto at = state_.workers.find(std::string(session));
  if (at == state_.workers.end() || at->second.lost) return given_back;
  at->second.lost = true;
  log_event(state_, now(), "worker.lost", {}, "{}");
  for (auto& [id, stored] : state_.tasks) {
    if (stored.task.state != TaskState::kLeased || stored.task.leased_by != session) continue;
    give_back(stored, "worker \"" + at->second.worker.profile.name + "\" was lost");
    given_back.push_back(id);
  }
  return given_back;
}

Result<std::vector<Worker>> MemoryStore::workers() {
  const std::scoped_lock lock(mutex_);
  std::vector<Worker> all;
  for (const auto& [session, stored] : state_.workers) {
    if (stored.lost && now() - stored.worker.last_seen > std::chrono::hours(1)) continue;
    all.push_back(with_tasks(stored));
  }
  return all;
}

Result<TaskId> MemoryStore::enqueue(const NewTask& task) {
  const std::scoped_lock lock(mutex_);
  return queue_task(state_, now(), task);
}

Result<std::optional<Lease>> MemoryStore::claim(std::string_view session) {
  const std::scoped_lock lock(mutex_);
  const auto at = state_.workers.find(std::string(session));
  if (at == state_.workers.end() || at->second.lost) return not_found("worker", session);
  const WorkerProfile& profile = at->second.worker.profile;
  bool device_busy = false;
  for (const auto& [id, stored] : state_.tasks) {
    if (stored.task.state != TaskState::kLeased) continue;
    if (stored.task.device_id != profile.device_id) continue;
    if (is_exclusive(stored.task.task.kind)) return std::optional<Lease>();
    device_busy = true;
  }
  const auto served_on_device = [&](const NewTask& task) {
    return std::ranges::any_of(state_.workers, [&](const auto& entry) {
      const StoredWorker& other = entry.second;
      return !other.lost && other.worker.profile.device_id == profile.device_id &&
             can_run(other.worker.profile, task);
    });
  };
  StoredTask* shared = nullptr;
  StoredTask* exclusive = nullptr;
  bool draining = false;
  for (auto& [id, stored] : state_.tasks) {
    if (stored.task.state != TaskState::kQueued) continue;
    const bool alone = is_exclusive(stored.task.task.kind);
    draining |= alone && served_on_device(stored.task.task);
    StoredTask*& first = alone ? exclusive : shared;
    if (first == nullptr && can_run(profile, stored.task.task)) first = &stored;
  }
  StoredTask* chosen = draining ? (device_busy ? nullptr : exclusive) : shared;
  if (chosen == nullptr) return std::optional<Lease>();
  Task& task = chosen->task;
  task.state = TaskState::kLeased;
  task.attempt += 1;
  task.leased_by = session;
  task.device_id = task.ran_on = profile.device_id;
  task.leased_at = now();
  chosen->lease_until = now() + options_.lease_length;
  return std::optional<Lease>(
      Lease{task.id, task.attempt, task.task.document_json, task.task.time_limit});
}

Result<std::vector<TaskId>> MemoryStore::heartbeat(std::string_view session,
                                                   std::span<const RunningTask> running) {
  const std::scoped_lock lock(mutex_);
  const auto worker = state_.workers.find(std::string(session));
  if (worker == state_.workers.end() || worker->second.lost) return not_found("worker", session);
  worker->second.worker.last_seen = now();
  std::vector<TaskId> drop;
  for (const RunningTask& line : running) {
    const auto at = state_.tasks.find(line.task);
    if (at == state_.tasks.end() || at->second.task.state != TaskState::kLeased ||
        at->second.task.attempt != line.attempt || at->second.task.leased_by != session) {
      drop.push_back(line.task);
      continue;
    }
    at->second.lease_until = now() + options_.lease_length;
    at->second.task.progress = line.progress;
    at->second.task.message = clean_text(line.message);
  }
  return drop;
}

Result<ReportVerdict> MemoryStore::report(const AttemptReport& report) {
  const std::scoped_lock lock(mutex_);
  const auto at = state_.tasks.find(report.task);
  if (at == state_.tasks.end()) return ReportVerdict::kStale;
  StoredTask& stored = at->second;
  if (stored.reported.contains(report.attempt)) return ReportVerdict::kAlreadyRecorded;
  if (stored.task.state != TaskState::kLeased || stored.task.attempt != report.attempt) {
    return ReportVerdict::kStale;
  }
  stored.reported.insert(report.attempt);
  stored.task.outcome_json = report.outcome_json;
  stored.task.reason = report.succeeded ? "" : clean_text(report.reason);
  const bool again =
      !report.succeeded && report.retryable && report.attempt < stored.task.task.max_attempts;
  end_task(state_, now(), stored,
           report.succeeded ? TaskState::kSucceeded
           : again          ? TaskState::kQueued
                            : TaskState::kFailed);
  return ReportVerdict::kRecorded;
}

Result<std::vector<TaskId>> MemoryStore::expire_leases() {
  const std::scoped_lock lock(mutex_);
  for (auto& [session, stored] : state_.workers) {
    if (stored.lost || stored.worker.last_seen >= now() - options_.lease_length) continue;
    stored.lost = true;
    log_event(state_, now(), "worker.lost", {}, "{}");
  }
  std::vector<TaskId> expired;
  for (auto& [id, stored] : state_.tasks) {
    if (stored.task.state != TaskState::kLeased) continue;
    const StoredWorker& worker = state_.workers.at(stored.task.leased_by);
    if (!worker.lost && stored.lease_until >= now()) continue;
    give_back(stored, "worker \"" + worker.worker.profile.name + "\" went silent");
    expired.push_back(id);
  }
  return expired;
}

Result<int> MemoryStore::renew_all_leases() {
  const std::scoped_lock lock(mutex_);
  for (auto& [session, stored] : state_.workers) {
    if (!stored.lost) stored.worker.last_seen = now();
  }
  int renewed = 0;
  for (auto& [id, stored] : state_.tasks) {
    if (stored.task.state != TaskState::kLeased) continue;
    stored.lease_until = now() + options_.lease_length;
    ++renewed;
  }
  return renewed;
}

Result<Task> MemoryStore::task(TaskId id) {
  const std::scoped_lock lock(mutex_);
  const auto at = state_.tasks.find(id);
  if (at == state_.tasks.end()) return not_found("task", id.value);
  return at->second.task;
}

Result<std::vector<Task>> MemoryStore::tasks(const TaskFilter& filter, const Page& page) {
  const std::scoped_lock lock(mutex_);
  std::vector<Task> part;
  for (const auto& [id, stored] : state_.tasks) {
    const Task& task = stored.task;
    if (static_cast<int>(part.size()) == page.limit) break;
    if (id.value <= page.after) continue;
    if (filter.job && task.task.subject.job != filter.job) continue;
    if (filter.trial && task.task.subject.trial != filter.trial) continue;
    if (filter.state && task.state != *filter.state) continue;
    part.push_back(task);
  }
  return part;
}

Result<std::vector<Task>> MemoryStore::unhandled_tasks(int limit) {
  const std::scoped_lock lock(mutex_);
  std::map<std::pair<TimePoint, TaskId>, const Task*> in_order;
  for (const auto& [id, stored] : state_.tasks) {
    const bool ended =
        stored.task.state == TaskState::kSucceeded || stored.task.state == TaskState::kFailed;
    if (ended && !stored.task.handled && stored.task.set_aside.empty())
      in_order[{*stored.task.finished_at, id}] = &stored.task;
  }
  std::vector<Task> first;
  for (const auto& [order, task] : in_order) {
    if (static_cast<int>(first.size()) == limit) break;
    first.push_back(*task);
  }
  return first;
}

Result<bool> MemoryStore::set_aside(TaskId id, std::string_view reason) {
  const std::scoped_lock lock(mutex_);
  const auto at = state_.tasks.find(id);
  if (at == state_.tasks.end()) return false;
  Task& task = at->second.task;
  const bool ended = task.state == TaskState::kSucceeded || task.state == TaskState::kFailed;
  if (!ended || task.handled || !task.set_aside.empty()) return false;
  task.set_aside = reason.empty() ? "no reason was given" : clean_text(reason);
  log_event(state_, now(), "task.set_aside", task.task.subject.job, task_body(id));
  return true;
}

}  // namespace pare::coordinator
