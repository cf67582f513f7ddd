// The hot paths of the queue: many leases, heartbeats and reports in one transaction each.
#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>
#include <utility>

#include "coordinator/store/matching.h"
#include "coordinator/store/pg_store_impl.h"
#include "coordinator/store/references.h"

namespace pare::coordinator {
namespace {

using Fence = std::pair<std::int64_t, int>;  // task, attempt

struct Field {
  std::vector<Claimant> claimants;
  std::map<std::string, DeviceLoad> loads;
};

Param sessions_param(std::span<const std::string> sessions) {
  return array_of(sessions, [](const std::string& session) { return session; });
}

Claimant claimant_of(const pqxx::row& row) {
  return {text_of(row["session"]),        text_of(row["device_id"]), texts_of(row["pools"]),
          texts_of(row["runtime_names"]), row["asks"].as<bool>(),    text_of(row["processor"])};
}

// `skipped`: told of a worker that cannot be read, which gets nothing to do.
Field read_field(pqxx::work& tx, std::span<const std::string> sessions,
                 const std::function<void(const std::string&)>& skipped) {
  Field field;
  for (const auto& row : execute(tx, query::select_claimants, sessions_param(sessions))) {
    auto claimant = read_one(row, name_of_worker, claimant_of);
    if (!claimant) {
      skipped(claimant.error().message);
      continue;
    }
    field.claimants.push_back(std::move(claimant).value());
    field.loads[field.claimants.back().device_id] = {row["busy"].as<bool>(),
                                                     row["alone"].as<bool>()};
  }
  return field;
}

// The kinds of workers among them, as select_waiting takes them.
std::string kinds_json(std::span<const Claimant> claimants) {
  std::set<std::tuple<std::vector<std::string>, std::vector<std::string>, std::string>> kinds;
  for (const Claimant& worker : claimants) {
    kinds.emplace(worker.pools, worker.runtimes, worker.processor);
  }
  nlohmann::json json = nlohmann::json::array();
  for (const auto& [pools, runtimes, processor] : kinds) {
    json.push_back({{"pools", pools}, {"runtimes", runtimes}, {"processor", processor}});
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<WaitingTask> read_waiting(pqxx::work& tx, std::span<const Claimant> claimants,
                                      std::size_t most, const Param& now) {
  std::vector<WaitingTask> waiting;
  for (const auto& row : execute(tx, query::select_waiting, kinds_json(claimants), most, now)) {
    waiting.push_back({TaskId{row["id"].as<std::int64_t>()}, row["exclusive"].as<bool>(),
                       text_of(row["pool"]), text_of(row["runtime"]), text_of(row["processor"])});
  }
  return waiting;
}

std::set<Fence> fences_of(const pqxx::result& rows) {
  std::set<Fence> fences;
  for (const auto& row : rows) fences.emplace(row[0].as<std::int64_t>(), row[1].as<int>());
  return fences;
}

}  // namespace

Result<Claims> PgStore::claim_for(std::span<const std::string> sessions) {
  return run_as_leader([&](pqxx::work& tx) -> Result<Claims> {
    Claims claims;
    const auto unknown = execute(tx, query::unknown_sessions, sessions_param(sessions));
    for (const auto& row : unknown) claims.unknown.push_back(text_of(row[0]));
    if (execute(tx, query::something_waits, now()).empty()) return claims;
    // First without a lock, so that only the devices that get something are locked.
    const auto skipped = [this](const std::string& why) { log_once(why); };
    Field field = read_field(tx, sessions, skipped);
    const auto waiting = read_waiting(tx, field.claimants, sessions.size(), now());
    std::vector<std::string> lucky;
    std::set<std::string> devices;
    for (const Match& one : match(field.claimants, field.loads, waiting)) {
      lucky.push_back(field.claimants[one.claimant].session);
      devices.insert(field.claimants[one.claimant].device_id);
    }
    if (lucky.empty()) return claims;
    execute(tx, query::lock_devices, array_of(devices, [](const auto& device) { return device; }));
    field = read_field(tx, lucky, skipped);
    const auto matches = match(field.claimants, field.loads, waiting);
    const auto claimant = [&](const Match& one) { return field.claimants[one.claimant]; };
    const auto leased = execute(
        tx, query::lease_tasks, array_of(matches, [](const Match& one) { return one.task.value; }),
        array_of(matches, [&](const Match& one) { return claimant(one).session; }),
        array_of(matches, [&](const Match& one) { return claimant(one).device_id; }), lease_ms(),
        now());
    for (const auto& row : leased) {
      claims.leases[text_of(row["leased_by"])] = {
          TaskId{row["id"].as<std::int64_t>()}, row["attempt"].as<int>(), text_of(row["document"]),
          Millis(row["time_limit_ms"].as<double>())};
    }
    claims.again = claims.leases.size() < lucky.size();
    return claims;
  });
}

Result<BeatsSeen> PgStore::see(std::span<const SessionBeat> beats) {
  struct Line {
    const std::string* session;
    const RunningTask* task;
  };
  std::vector<Line> lines;
  for (const SessionBeat& beat : beats) {
    for (const RunningTask& task : beat.running) lines.push_back({&beat.session, &task});
  }
  return run_as_leader([&](pqxx::work& tx) -> Result<BeatsSeen> {
    // What it says is said again in a second: no disk is waited for.
    execute(tx, query::commit_soon);
    std::set<std::string> known;
    const auto sessions = array_of(beats, [](const SessionBeat& beat) { return beat.session; });
    for (const auto& row : execute(tx, query::see_workers, sessions, now())) {
      known.insert(text_of(row[0]));
    }
    std::set<Fence> held;
    if (!lines.empty()) {
      held = fences_of(
          execute(tx, query::renew_leases,
                  array_of(lines, [](const Line& line) { return line.task->task.value; }),
                  array_of(lines, [](const Line& line) { return line.task->attempt; }),
                  array_of(lines, [](const Line& line) { return *line.session; }),
                  array_of(lines, [](const Line& line) { return line.task->progress; }),
                  array_of(lines, [](const Line& line) { return clean_text(line.task->message); }),
                  lease_ms(), now()));
    }
    BeatsSeen seen;
    for (const SessionBeat& beat : beats) {
      if (!known.contains(beat.session)) {
        seen.unknown.push_back(beat.session);
        continue;
      }
      for (const RunningTask& task : beat.running) {
        if (held.contains({task.task.value, task.attempt})) continue;
        seen.lost.push_back({beat.session, task.task, task.attempt});
      }
    }
    return seen;
  });
}

Result<std::vector<ReportVerdict>> PgStore::record(std::span<const AttemptReport> reports) {
  // Each attempt once: a resend in the same batch is one of the first.
  std::vector<const AttemptReport*> firsts;
  std::map<TaskId, int> named;  // the highest attempt of each task: no other can be the current one
  for (const AttemptReport& report : reports) {
    int& attempt = named[report.task];
    attempt = std::max(attempt, report.attempt);
  }
  std::set<TaskId> taken;
  for (const AttemptReport& report : reports) {
    if (report.attempt != named.at(report.task) || !taken.insert(report.task).second) continue;
    firsts.push_back(&report);
  }
  const auto each = [&](auto of) {
    return array_of(firsts, [&](const AttemptReport* report) { return of(*report); });
  };
  return run_as_leader([&](pqxx::work& tx) -> Result<std::vector<ReportVerdict>> {
    const auto ids =
        array_of(reports, [](const AttemptReport& report) { return report.task.value; });
    const auto attempts =
        array_of(reports, [](const AttemptReport& report) { return report.attempt; });
    std::set<Fence> ended = fences_of(
        execute(tx, query::finish_attempts, each([](const auto& r) { return r.task.value; }),
                each([](const auto& r) { return r.attempt; }),
                each([](const auto& r) { return r.succeeded ? "succeeded" : "failed"; }),
                each([](const auto& r) { return name_of(r.burden()); }),
                each([](const auto& r) { return r.succeeded ? "" : clean_text(r.reason); }),
                each([](const auto& r) { return or_null(r.outcome_json); }), now()));
    std::set<Fence> reported;
    const bool all_new = ended.size() == reports.size();
    if (!all_new) reported = fences_of(execute(tx, query::were_reported, ids, attempts));
    std::vector<ReportVerdict> verdicts;
    for (const AttemptReport& report : reports) {
      const Fence fence{report.task.value, report.attempt};
      // The first of several that say the same is the one that counts.
      verdicts.push_back(ended.erase(fence) > 0     ? ReportVerdict::kRecorded
                         : reported.contains(fence) ? ReportVerdict::kAlreadyRecorded
                                                    : ReportVerdict::kStale);
    }
    return verdicts;
  });
}

Result<std::map<TaskId, TaskKind>> PgStore::kinds_of(std::span<const TaskId> tasks) {
  return pool_.run([&](pqxx::work& tx) -> Result<std::map<TaskId, TaskKind>> {
    std::map<TaskId, TaskKind> kinds;
    const auto ids = array_of(tasks, [](TaskId task) { return task.value; });
    for (const auto& row : execute(tx, query::select_kinds, ids)) {
      // One that only another version knows is nobody's here.
      const auto kind = task_kind_of(text_of(row[1]));
      if (kind) kinds[TaskId{row[0].as<std::int64_t>()}] = *kind;
    }
    return kinds;
  });
}

}  // namespace pare::coordinator
