#include <algorithm>

#include "coordinator/store/matching.h"
#include "coordinator/store/memory_store_impl.h"
#include "coordinator/store/processor.h"
#include "coordinator/store/references.h"

namespace pare::coordinator {
namespace {

Claimant claimant_of(const Worker& worker) {
  Claimant out{.session = worker.session,
               .device_id = worker.profile.device_id,
               .pools = worker.profile.pools,
               .runtimes = {},
               .processor = processor_of(worker.profile),
               .capabilities = worker.profile.capabilities};
  for (const RuntimeInfo& runtime : worker.profile.runtimes) out.runtimes.push_back(runtime.name);
  return out;
}

void keep_checkpoint(StoredTask& stored, const RunningTask& line) {
  if (!line.checkpoint || stored.task.attempt != line.attempt) return;
  const bool further = !stored.task.checkpoint || stored.checkpoint_attempt < line.attempt ||
                       stored.task.checkpoint->step < line.checkpoint->step;
  if (!further) return;
  stored.task.checkpoint = line.checkpoint;
  stored.checkpoint_attempt = line.attempt;
}

void keep_points(StoredTask& stored, const RunningTask& line, TimePoint now) {
  for (const SeriesPoint& point : line.points) {
    stored.points.insert_or_assign({line.attempt, point.step},
                                   StoredPoint{point, line.attempt, now});
  }
  while (std::ssize(stored.points) > kMostPoints) {
    bool goes = false;  // the first stays
    std::erase_if(stored.points, [&](const auto&) { return std::exchange(goes, !goes); });
  }
}

// `waits_for`: a queued task waits, and why.
void end_task(TimePoint now, StoredTask& stored, TaskState to, const std::string& waits_for = {}) {
  stored.task.state = to;
  stored.task.leased_by.clear();
  stored.task.device_id.clear();
  stored.task.not_before.reset();
  stored.task.waiting_reason = waits_for;
  stored.given_up = false;
  stored.task.suspended = false;
  if (is_final(to)) {
    stored.task.finished_at = now;
    stored.task.checkpoint.reset();
  } else {
    stored.task.progress = 0.0;
    stored.task.message.clear();
  }
}

}  // namespace

std::unique_ptr<MemoryQueue> make_memory_queue(const StoreOptions& options) {
  return std::make_unique<MemoryStore>(options);
}

TimePoint MemoryStore::now() const {
  if (options_.clock) return options_.clock();
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

TaskId MemoryStore::queue(const NewTask& task) {
  const std::scoped_lock lock(mutex_);
  const TaskId id{static_cast<std::int64_t>(state_.tasks.size()) + 1};
  StoredTask& stored = state_.tasks[id];
  stored.task.id = id;
  stored.task.task = task;
  stored.task.created_at = now();
  return id;
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

void MemoryStore::join(std::string_view session, const WorkerProfile& profile) {
  StoredWorker& stored = state_.workers[std::string(session)];
  stored.worker.session = session;
  stored.worker.profile = profile;
  stored.worker.last_seen = now();
  stored.lost = false;
  if (profile.replaces.empty()) return;
  for (const AttemptName& one : profile.reporting) {
    const auto at = state_.tasks.find(one.task);
    if (at == state_.tasks.end() || at->second.task.leased_by != profile.replaces) continue;
    if (at->second.task.attempt != one.attempt) continue;
    at->second.task.leased_by = session;
    extend(at->second);
  }
  take_from(profile.replaces, Departure::kReplaced);
}

Result<Worker> MemoryStore::greet(std::string_view session, const WorkerProfile& profile) {
  const std::scoped_lock lock(mutex_);
  join(session, profile);
  return with_tasks(state_.workers.at(std::string(session)));
}

Result<int> MemoryStore::greet_all(std::span<const Greeting> greetings) {
  const std::scoped_lock lock(mutex_);
  for (const Greeting& greeting : greetings) join(greeting.session, greeting.profile);
  return static_cast<int>(greetings.size());
}

int MemoryStore::losses_of(const StoredTask& stored) const {
  return static_cast<int>(std::ranges::count_if(stored.losses, [&](const StoredTask::Loss& loss) {
    return state_.workers.at(loss.session).worker.last_seen <= loss.at;
  }));
}

void MemoryStore::give_back(StoredTask& stored, Departure departure) {
  Task& task = stored.task;
  const std::string session = task.leased_by;
  const bool silent = departure != Departure::kGoodbye;
  const int losses = silent ? 1 + losses_of(stored) : 0;
  const bool again = losses < kMostLosses;
  task.reason = "worker \"" + state_.workers.at(session).worker.profile.name + "\" ";
  task.reason += name_of(departure);
  if (silent) {
    task.reason += " (" + std::to_string(losses) + " of " + std::to_string(kMostLosses) + ")";
    stored.losses.push_back({session, now()});
  }
  if (!again) task.outcome_json.clear();
  const bool waits = again && losses >= 2;
  end_task(now(), stored, again ? TaskState::kQueued : TaskState::kFailed,
           waits ? task.reason : "");
  stored.given_up = again;
  if (waits) task.not_before = now() + wait_before(losses - 1);
}

Millis MemoryStore::term_of(const StoredTask& stored) const {
  return std::max(Millis(options_.lease_length), Millis(policy_of(stored.task.task.kind).grace));
}

// Whether a worker that is lost keeps it for now.
bool MemoryStore::keeps(const StoredTask& stored) const {
  return term_of(stored) > options_.lease_length && stored.lease_until >= now();
}

void MemoryStore::extend(StoredTask& stored) const {
  stored.lease_until =
      now() + std::chrono::duration_cast<std::chrono::microseconds>(term_of(stored));
}

Result<std::vector<TaskId>> MemoryStore::retire(std::string_view session, Departure departure) {
  const std::scoped_lock lock(mutex_);
  return take_from(session, departure);
}

std::vector<TaskId> MemoryStore::take_from(std::string_view session, Departure departure) {
  std::vector<TaskId> given_back;
  const auto at = state_.workers.find(std::string(session));
  const bool gone = departure == Departure::kReplaced;  // lost before, perhaps
  if (at == state_.workers.end() || (at->second.lost && !gone)) return given_back;
  at->second.lost = true;
  for (auto& [id, stored] : state_.tasks) {
    if (stored.task.state != TaskState::kLeased || stored.task.leased_by != session) continue;
    if (departure == Departure::kSilence && keeps(stored)) continue;
    give_back(stored, departure);
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

// Those who ask first, in their order.
std::vector<Claimant> MemoryStore::claimants_of(std::span<const std::string> asking) const {
  std::vector<Claimant> claimants;
  const auto add = [&](const StoredWorker& stored, bool asks) {
    if (stored.lost) return;
    claimants.push_back(claimant_of(stored.worker));
    claimants.back().asks = asks;
    claimants.back().stands_still = std::ranges::any_of(state_.tasks, [&](const auto& entry) {
      return entry.second.task.suspended && entry.second.task.leased_by == stored.worker.session;
    });
  };
  for (const std::string& session : asking) {
    const auto at = state_.workers.find(session);
    if (at != state_.workers.end()) add(at->second, true);
  }
  for (const auto& [session, stored] : state_.workers) {
    if (std::ranges::find(asking, session) == asking.end()) add(stored, false);
  }
  return claimants;
}

std::map<std::string, DeviceLoad> MemoryStore::loads_of() const {
  std::map<std::string, DeviceLoad> loads;
  for (const auto& [id, stored] : state_.tasks) {
    if (stored.task.state != TaskState::kLeased || stored.task.suspended) continue;
    const TaskPolicy& policy = policy_of(stored.task.task.kind);
    DeviceLoad& load = loads[stored.task.device_id];
    load = {true, load.alone || policy.exclusive, load.stays || !policy.preemptible};
  }
  return loads;
}

std::vector<WaitingTask> MemoryStore::waiting_tasks() const {
  std::vector<WaitingTask> waiting;
  for (const auto& [id, stored] : state_.tasks) {
    const NewTask& task = stored.task.task;
    if (stored.task.state != TaskState::kQueued) continue;
    if (stored.task.not_before && *stored.task.not_before > now()) continue;
    const TaskPolicy& policy = policy_of(task.kind);
    waiting.push_back({id, policy.exclusive, task.pool, task.runtime, task.processor,
                       std::string(policy.capability)});
  }
  return waiting;
}

Result<Claims> MemoryStore::claim_for(std::span<const std::string> sessions) {
  const std::scoped_lock lock(mutex_);
  Claims claims;
  for (const std::string& session : sessions) {
    const auto at = state_.workers.find(session);
    if (at == state_.workers.end() || at->second.lost) claims.unknown.push_back(session);
  }
  const std::vector<Claimant> claimants = claimants_of(sessions);
  for (const Match& one : match(claimants, loads_of(), waiting_tasks())) {
    StoredTask& stored = state_.tasks.at(one.task);
    Task& task = stored.task;
    task.state = TaskState::kLeased;
    task.attempt += 1;
    task.not_before.reset();
    task.waiting_reason.clear();
    stored.given_up = false;
    task.leased_by = claimants[one.claimant].session;
    task.device_id = task.ran_on = claimants[one.claimant].device_id;
    task.leased_at = now();
    stored.suspension = 0;
    extend(stored);
    claims.leases[task.leased_by] = {task.id, task.attempt, task.task.document_json,
                                     policy_of(task.task.kind).time_limit, task.checkpoint};
  }
  return claims;
}

Result<BeatsSeen> MemoryStore::see(std::span<const SessionBeat> beats) {
  const std::scoped_lock lock(mutex_);
  BeatsSeen seen;
  for (const SessionBeat& beat : beats) {
    const auto worker = state_.workers.find(beat.session);
    if (worker == state_.workers.end() || worker->second.lost) {
      seen.unknown.push_back(beat.session);
      continue;
    }
    worker->second.worker.last_seen = now();
    for (const RunningTask& line : beat.running) {
      const auto at = state_.tasks.find(line.task);
      if (at == state_.tasks.end() || at->second.task.state != TaskState::kLeased ||
          at->second.task.attempt != line.attempt || at->second.task.leased_by != beat.session) {
        if (at != state_.tasks.end() && at->second.given_up) keep_checkpoint(at->second, line);
        seen.lost.push_back({beat.session, line.task, line.attempt});
        continue;
      }
      StoredTask& stored = at->second;
      extend(stored);
      stored.task.progress = line.progress;
      stored.task.message = clean_text(line.message);
      keep_checkpoint(stored, line);
      keep_points(stored, line, now());
      const bool still = line.suspension == stored.suspension && stands_still(line.suspension);
      seen.freed |= still && !stored.task.suspended;
      // Until arrange_devices() has it go on: its device may be another's.
      stored.task.suspended |= still;
      if (line.suspension != stored.suspension) {
        seen.wishes.push_back({beat.session, line.task, line.attempt, stored.suspension});
      }
    }
  }
  return seen;
}

Result<int> MemoryStore::arrange_devices() {
  const std::scoped_lock lock(mutex_);
  const std::set<std::string> alone = wanted_alone(claimants_of({}), loads_of(), waiting_tasks());
  int changed = 0;
  for (auto& [id, stored] : state_.tasks) {
    if (stored.task.state != TaskState::kLeased) continue;
    if (!policy_of(stored.task.task.kind).preemptible) continue;
    if (alone.contains(stored.task.device_id) == stands_still(stored.suspension)) continue;
    ++stored.suspension;
    stored.task.suspended = false;
    ++changed;
  }
  return changed;
}

Result<std::vector<StoredPoint>> MemoryStore::series(TaskId task) {
  const std::scoped_lock lock(mutex_);
  const auto at = state_.tasks.find(task);
  if (at == state_.tasks.end()) return not_found("task", task.value);
  std::vector<StoredPoint> points;
  for (const auto& [place, point] : at->second.points) points.push_back(point);
  return points;
}

ReportVerdict MemoryStore::end_attempt(const AttemptReport& report) {
  const auto at = state_.tasks.find(report.task);
  if (at == state_.tasks.end()) return ReportVerdict::kStale;
  StoredTask& stored = at->second;
  if (stored.reported.contains(report.attempt)) return ReportVerdict::kAlreadyRecorded;
  const bool late = stored.task.state == TaskState::kQueued && stored.given_up && report.succeeded;
  if (stored.task.attempt != report.attempt || (stored.task.state != TaskState::kLeased && !late)) {
    return ReportVerdict::kStale;
  }
  stored.reported.insert(report.attempt);
  stored.task.outcome_json = report.outcome_json;
  stored.task.reason = report.succeeded ? "" : clean_text(report.reason);
  const Burden burden = report.burden();
  const bool waits = !report.succeeded && burden == Burden::kWaits;
  if (!report.succeeded && burden == Burden::kBurns) {
    ++stored.task.burnt;
    // It broke before it got any further: perhaps because of what it went on from.
    if (stored.checkpoint_attempt < report.attempt) stored.task.checkpoint.reset();
  }
  stored.task.waits = waits ? stored.task.waits + 1 : 0;
  const bool again = waits || (!report.succeeded && burden == Burden::kBurns &&
                               stored.task.burnt < policy_of(stored.task.task.kind).attempts);
  std::string waits_for;
  if (waits) waits_for = stored.task.reason.empty() ? "no reason was given" : stored.task.reason;
  end_task(now(), stored,
           report.succeeded ? TaskState::kSucceeded
           : again          ? TaskState::kQueued
                            : TaskState::kFailed,
           waits_for);
  if (waits) stored.task.not_before = now() + wait_before(stored.task.waits);
  return ReportVerdict::kRecorded;
}

Result<std::vector<ReportVerdict>> MemoryStore::record(std::span<const AttemptReport> reports) {
  const std::scoped_lock lock(mutex_);
  std::vector<ReportVerdict> verdicts;
  for (const AttemptReport& report : reports) verdicts.push_back(end_attempt(report));
  return verdicts;
}

Result<std::map<TaskId, TaskKind>> MemoryStore::kinds_of(std::span<const TaskId> tasks) {
  const std::scoped_lock lock(mutex_);
  std::map<TaskId, TaskKind> kinds;
  for (const TaskId task : tasks) {
    const auto at = state_.tasks.find(task);
    if (at != state_.tasks.end()) kinds[task] = at->second.task.task.kind;
  }
  return kinds;
}

Result<std::vector<TaskId>> MemoryStore::expire_leases() {
  const std::scoped_lock lock(mutex_);
  for (auto& [session, stored] : state_.workers) {
    if (stored.lost || stored.worker.last_seen >= now() - options_.lease_length) continue;
    stored.lost = true;
  }
  std::vector<TaskId> expired;
  for (auto& [id, stored] : state_.tasks) {
    if (stored.task.state != TaskState::kLeased) continue;
    const StoredWorker& worker = state_.workers.at(stored.task.leased_by);
    if (worker.lost ? keeps(stored) : stored.lease_until >= now()) continue;
    give_back(stored, Departure::kSilence);
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
    extend(stored);
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
    const bool ended = task.state == TaskState::kSucceeded || task.state == TaskState::kFailed;
    if (filter.unhandled && (!ended || task.handled || !task.set_aside.empty())) continue;
    part.push_back(task);
  }
  return part;
}

Result<std::vector<TaskWait>> MemoryStore::waits(std::optional<JobId> job, int limit) {
  const std::scoped_lock lock(mutex_);
  std::vector<TaskWait> all;
  for (const auto& [id, stored] : state_.tasks) {
    const Task& task = stored.task;
    if (!task.not_before || (job && task.task.subject.job != job)) continue;
    if (static_cast<int>(all.size()) == limit) break;
    all.push_back(
        {id, task.task.kind, task.task.subject, task.waiting_reason, *task.not_before, task.waits});
  }
  return all;
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

}  // namespace pare::coordinator
