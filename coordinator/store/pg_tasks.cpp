#include <algorithm>
#include <nlohmann/json.hpp>

#include "coordinator/store/pg_store_impl.h"
#include "coordinator/store/references.h"

namespace pare::coordinator {
namespace {

std::string runtimes_json(const std::vector<RuntimeInfo>& runtimes) {
  nlohmann::json json = nlohmann::json::array();
  for (const RuntimeInfo& runtime : runtimes) {
    json.push_back(
        {{"name", runtime.name}, {"version", runtime.version}, {"precisions", runtime.precisions}});
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<RuntimeInfo> runtimes_of(const pqxx::field& field) {
  std::vector<RuntimeInfo> runtimes;
  for (const auto& json : nlohmann::json::parse(field.c_str())) {
    runtimes.push_back({json.at("name"), json.at("version"), json.at("precisions")});
  }
  return runtimes;
}

Worker worker_of(const pqxx::row& row) {
  Worker worker;
  worker.session = text_of(row["session"]);
  worker.profile.name = text_of(row["name"]);
  worker.profile.device_id = text_of(row["device_id"]);
  worker.profile.device_json = text_of(row["probe"]);
  worker.profile.pools = texts_of(row["pools"]);
  worker.profile.runtimes = runtimes_of(row["runtimes"]);
  worker.profile.capabilities = texts_of(row["capabilities"]);
  worker.last_seen = time_of(row["last_seen"]);
  for (const auto& id : nlohmann::json::parse(row["tasks"].c_str())) {
    worker.tasks.push_back(TaskId{id.get<std::int64_t>()});
  }
  worker.state = row["lost"].as<bool>() ? WorkerState::kLost
                 : worker.tasks.empty() ? WorkerState::kIdle
                                        : WorkerState::kBusy;
  return worker;
}

TaskSubject subject_of(const pqxx::row& row) {
  TaskSubject subject;
  subject.model_sha256 = text_of(row["model_sha256"]);
  subject.dataset_sha256 = text_of(row["dataset_sha256"]);
  if (const auto id = integer_of(row["job_id"])) subject.job = JobId{*id};
  if (const auto number = integer_of(row["trial"])) subject.trial = static_cast<int>(*number);
  if (const auto id = integer_of(row["comparison_id"])) subject.comparison = ComparisonId{*id};
  return subject;
}

// All but its kind, which alone differs between versions.
Task without_kind(const pqxx::row& row) {
  Task task;
  task.id = TaskId{row["id"].as<std::int64_t>()};
  task.task.subject = subject_of(row);
  task.task.target = text_of(row["target"]);
  task.task.pool = text_of(row["pool"]);
  task.task.runtime = text_of(row["runtime"]);
  task.task.processor = text_of(row["processor"]);
  task.task.document_json = text_of(row["document"]);
  task.state = enum_of<TaskState, 5>(row["state"]);
  task.attempt = row["attempt"].as<int>();
  task.burnt = row["burnt"].as<int>();
  task.waits = row["waits"].as<int>();
  task.not_before = optional_time_of(row["not_before"]);
  task.waiting_reason = text_of(row["waiting_reason"]);
  task.leased_by = text_of(row["leased_by"]);
  task.device_id = text_of(row["device_id"]);
  task.ran_on = text_of(row["ran_on"]);
  task.progress = row["progress"].as<double>();
  task.message = text_of(row["message"]);
  task.suspended = row["suspended"].as<bool>();
  task.checkpoint = checkpoint_of(row);
  task.outcome_json = text_of(row["outcome"]);
  task.reason = text_of(row["reason"]);
  task.handled = row["handled"].as<bool>();
  task.set_aside = text_of(row["set_aside"]);
  task.created_at = time_of(row["created_at"]);
  task.leased_at = optional_time_of(row["leased_at"]);
  task.finished_at = optional_time_of(row["finished_at"]);
  return task;
}

Task task_of(const pqxx::row& row) {
  Task task = without_kind(row);
  task.task.kind = enum_of<TaskKind, kAllTaskKinds.size()>(row["kind"]);
  return task;
}

Task unreadable_task(const pqxx::row& row, const std::string& why) {
  Task task;
  try {
    task = without_kind(row);
  } catch (const pqxx::conversion_error&) {
    task.id = TaskId{row["id"].as<std::int64_t>()};
    task.task.subject = subject_of(row);
    task.state = TaskState::kFailed;
  }
  task.unreadable = why;
  return task;
}

std::string name_of_task(const pqxx::row& row) {
  return "task " + text_of(row["id"]);
}

std::vector<TaskId> ids_of(const pqxx::result& rows) {
  std::vector<TaskId> ids;
  for (const auto& row : rows) ids.push_back(TaskId{row[0].as<std::int64_t>()});
  return ids;
}

}  // namespace

std::optional<Checkpoint> checkpoint_of(const pqxx::row& row) {
  if (row["checkpoint"].is_null()) return std::nullopt;
  return Checkpoint{text_of(row["checkpoint"]), row["checkpoint_bytes"].as<std::int64_t>(),
                    row["checkpoint_step"].as<std::int64_t>()};
}

std::string name_of_worker(const pqxx::row& row) {
  return "worker " + text_of(row["session"]);
}

namespace {
double millis(Millis time) {
  return time.count();
}
}  // namespace

TaskId insert_task(pqxx::work& transaction, const Param& now, const NewTask& task) {
  const TaskSubject& subject = task.subject;
  const TaskPolicy& policy = policy_of(task.kind);
  const auto rows = execute(
      transaction, query::insert_task, policy.name, or_null(subject.model_sha256),
      or_null(subject.dataset_sha256), subject.job ? to_param(subject.job->value) : std::nullopt,
      to_param(subject.trial),
      subject.comparison ? to_param(subject.comparison->value) : std::nullopt, task.target,
      or_null(task.pool), or_null(task.runtime), task.document_json, millis(policy.time_limit),
      policy.attempts, now, or_null(task.processor), policy.exclusive, policy.preemptible,
      millis(policy.grace), or_null(policy.capability));
  const TaskId id{rows[0][0].as<std::int64_t>()};
  log_event(transaction, now, "task.queued",
            subject.job ? to_param(subject.job->value) : std::nullopt,
            "{\"task\":" + std::to_string(id.value) + "}");
  return id;
}

void cancel_tasks(pqxx::work& transaction, const Param& now, const Param& job,
                  const Param& inspected_model) {
  execute(transaction, query::cancel_tasks, job, inspected_model, now);
}

void log_event(pqxx::work& transaction, const Param& now, std::string_view kind, const Param& job,
               std::string_view body_json) {
  execute(transaction, query::log_event, kind, job, body_json, now);
}

void PgStore::join(pqxx::work& tx, std::string_view session, const WorkerProfile& profile) const {
  std::vector<std::string> runtime_names;
  for (const RuntimeInfo& runtime : profile.runtimes) runtime_names.push_back(runtime.name);
  const bool known = !execute(tx, query::worker_is_known, session).empty();
  execute(tx, query::upsert_device, profile.device_id, or_null(profile.device_json), now());
  execute(tx, query::upsert_worker, session, profile.name, profile.device_id,
          json_param(profile.pools), runtimes_json(profile.runtimes), json_param(runtime_names),
          now(), json_param(profile.capabilities));
  if (!known) log_event(tx, now(), "worker.joined", std::nullopt, "{}");
  if (profile.replaces.empty()) return;
  execute(tx, query::adopt_tasks, session, profile.replaces,
          array_of(profile.reporting, [](const AttemptName& one) { return one.task.value; }),
          array_of(profile.reporting, [](const AttemptName& one) { return one.attempt; }),
          lease_ms(), now());
  lose(tx, profile.replaces, Departure::kReplaced);
}

Result<Worker> PgStore::greet(std::string_view session, const WorkerProfile& profile) {
  return run_as_leader([&](pqxx::work& tx) -> Result<Worker> {
    join(tx, session, profile);
    return worker_of(execute(tx, query::select_workers, session, now()).front());
  });
}

Result<int> PgStore::greet_all(std::span<const Greeting> greetings) {
  // In order of the devices, as whoever locks several of them does.
  std::map<std::pair<std::string, std::string>, const Greeting*> in_order;
  for (const Greeting& one : greetings) in_order[{one.profile.device_id, one.session}] = &one;
  return run_as_leader([&](pqxx::work& tx) -> Result<int> {
    for (const auto& [key, one] : in_order) join(tx, one->session, one->profile);
    return static_cast<int>(greetings.size());
  });
}

std::vector<TaskId> PgStore::give_back(pqxx::work& transaction, const Param& session,
                                       Departure departure) const {
  return ids_of(execute(
      transaction, query::give_back_tasks, session, pare::coordinator::name_of(departure), now(),
      departure == Departure::kGoodbye, kMostLosses, departure != Departure::kSilence, lease_ms()));
}

std::vector<TaskId> PgStore::lose(pqxx::work& tx, std::string_view session,
                                  Departure departure) const {
  const bool again = departure == Departure::kReplaced;  // what it held is free now
  const auto rows = execute(tx, query::lose_worker, session, again);
  if (rows.empty()) return {};
  if (!rows[0]["was_lost"].as<bool>()) log_event(tx, now(), "worker.lost", std::nullopt, "{}");
  return give_back(tx, to_param(session), departure);
}

Result<std::vector<TaskId>> PgStore::retire(std::string_view session, Departure departure) {
  return run_as_leader(
      [&](pqxx::work& tx) -> Result<std::vector<TaskId>> { return lose(tx, session, departure); });
}

Result<std::vector<Worker>> PgStore::workers() {
  return pool_.run([&](pqxx::work& tx) -> Result<std::vector<Worker>> {
    std::vector<Worker> workers;
    for (const auto& row : execute(tx, query::select_workers, std::nullopt, now())) {
      auto worker = read_one(row, name_of_worker, worker_of);
      if (worker) {
        workers.push_back(std::move(worker).value());
      } else {
        log_once(worker.error().message);
      }
    }
    return workers;
  });
}

Result<std::vector<TaskId>> PgStore::expire_leases() {
  return run_as_leader([&](pqxx::work& tx) -> Result<std::vector<TaskId>> {
    for (std::size_t i = execute(tx, query::lose_silent_workers, lease_ms(), now()).size(); i > 0;
         --i) {
      log_event(tx, now(), "worker.lost", std::nullopt, "{}");
    }
    return give_back(tx, std::nullopt, Departure::kSilence);
  });
}

Result<int> PgStore::renew_all_leases() {
  return run_as_leader([&](pqxx::work& tx) -> Result<int> {
    execute(tx, query::see_all_workers, now());
    return static_cast<int>(execute(tx, query::renew_all_leases, lease_ms(), now()).size());
  });
}

Result<Task> PgStore::task(TaskId id) {
  return pool_.run([&](pqxx::work& tx) -> Result<Task> {
    const auto rows = execute(tx, query::select_tasks, id.value, std::nullopt, std::nullopt,
                              std::nullopt, false, 0, 1);
    if (rows.empty()) return not_found("task", id.value);
    return read_one(rows.front(), name_of_task, task_of);
  });
}

Result<std::vector<Task>> PgStore::tasks(const TaskFilter& filter, const Page& page) {
  return pool_.run([&](pqxx::work& tx) -> Result<std::vector<Task>> {
    return read_all(
        execute(tx, query::select_tasks, std::nullopt,
                filter.job ? to_param(filter.job->value) : std::nullopt, to_param(filter.trial),
                filter.state ? to_param(pare::name_of(*filter.state)) : std::nullopt,
                filter.unhandled, page.after, page.limit),
        name_of_task, task_of, unreadable_task);
  });
}

Result<std::vector<StoredPoint>> PgStore::series(TaskId task) {
  return pool_.run([&](pqxx::work& tx) -> Result<std::vector<StoredPoint>> {
    const std::vector ids{task};
    const auto known =
        execute(tx, query::select_kinds, array_of(ids, [](TaskId one) { return one.value; }));
    if (known.empty()) return not_found("task", task.value);
    std::vector<StoredPoint> points;
    for (const auto& row : execute(tx, query::select_points, task.value)) {
      points.push_back({{row["step"].as<std::int64_t>(), numbers_by_name(row["numbers"])},
                        row["attempt"].as<int>(),
                        time_of(row["at"])});
    }
    return points;
  });
}

Result<std::vector<TaskWait>> PgStore::waits(std::optional<JobId> job, int limit) {
  return pool_.run([&](pqxx::work& tx) -> Result<std::vector<TaskWait>> {
    std::vector<TaskWait> all;
    for (const auto& row :
         execute(tx, query::select_waits, job ? to_param(job->value) : std::nullopt, limit)) {
      const auto kind = task_kind_of(text_of(row["kind"]));
      if (!kind) continue;  // one that only another version knows
      all.push_back({TaskId{row["id"].as<std::int64_t>()}, *kind, subject_of(row),
                     text_of(row["waiting_reason"]), time_of(row["not_before"]),
                     row["waits"].as<int>()});
    }
    return all;
  });
}

Result<WorkCounts> PgStore::work_counts() {
  return pool_.run([&](pqxx::work& tx) -> Result<WorkCounts> {
    WorkCounts counts;
    for (const auto& row : execute(tx, query::count_work)) {
      const auto count = row["count"].as<std::int64_t>();
      if (row["kind"].is_null()) {
        counts.jobs[text_of(row["state"])] = count;
      } else {
        counts.tasks.push_back({text_of(row["kind"]), text_of(row["state"]), count});
      }
    }
    return counts;
  });
}

Result<std::vector<Task>> PgStore::unhandled_tasks(int limit) {
  return run_as_leader([&](pqxx::work& tx) -> Result<std::vector<Task>> {
    return read_all(execute(tx, query::select_tasks, std::nullopt, std::nullopt, std::nullopt,
                            std::nullopt, true, 0, limit),
                    name_of_task, task_of, unreadable_task);
  });
}

void PgStore::log_once(const std::string& line) {
  {
    const std::scoped_lock lock(logged_mutex_);
    if (!logged_.insert(line).second) return;
  }
  if (log_) log_(line);
}

}  // namespace pare::coordinator
