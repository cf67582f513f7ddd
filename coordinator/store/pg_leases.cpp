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

Param names_param(std::span<const std::string> names) {
  return array_of(names, [](const std::string& name) { return name; });
}

Claimant claimant_of(const pqxx::row& row) {
  return {.session = text_of(row["session"]),
          .device_id = text_of(row["device_id"]),
          .pools = texts_of(row["pools"]),
          .runtimes = texts_of(row["runtime_names"]),
          .asks = row["asks"].as<bool>(),
          .processor = text_of(row["processor"]),
          .stands_still = row["stands_still"].as<bool>(),
          .capabilities = texts_of(row["capabilities"])};
}

// `skipped`: told of a worker that cannot be read, which gets nothing to do.
Field read_field(pqxx::work& tx, std::span<const std::string> sessions,
                 std::span<const std::string> devices,
                 const std::function<void(const std::string&)>& skipped) {
  Field field;
  for (const auto& row :
       execute(tx, query::select_claimants, names_param(sessions), names_param(devices))) {
    auto claimant = read_one(row, name_of_worker, claimant_of);
    if (!claimant) {
      skipped(claimant.error().message);
      continue;
    }
    field.claimants.push_back(std::move(claimant).value());
    field.loads[field.claimants.back().device_id] = {
        row["busy"].as<bool>(), row["alone"].as<bool>(), row["stays"].as<bool>()};
  }
  return field;
}

// The kinds of workers among them, as select_waiting takes them.
std::string kinds_json(std::span<const Claimant> claimants) {
  using Names = std::vector<std::string>;
  std::set<std::tuple<Names, Names, std::string, Names>> kinds;
  for (const Claimant& worker : claimants) {
    kinds.emplace(worker.pools, worker.runtimes, worker.processor, worker.capabilities);
  }
  nlohmann::json json = nlohmann::json::array();
  for (const auto& [pools, runtimes, processor, capabilities] : kinds) {
    json.push_back({{"pools", pools},
                    {"runtimes", runtimes},
                    {"processor", processor},
                    {"capabilities", capabilities}});
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<WaitingTask> read_waiting(pqxx::work& tx, std::span<const Claimant> claimants,
                                      std::size_t most, const Param& now) {
  std::vector<WaitingTask> waiting;
  for (const auto& row : execute(tx, query::select_waiting, kinds_json(claimants), most, now)) {
    waiting.push_back({TaskId{row["id"].as<std::int64_t>()}, row["exclusive"].as<bool>(),
                       text_of(row["pool"]), text_of(row["runtime"]), text_of(row["processor"]),
                       text_of(row["capability"])});
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
    const auto unknown = execute(tx, query::unknown_sessions, names_param(sessions));
    for (const auto& row : unknown) claims.unknown.push_back(text_of(row[0]));
    if (execute(tx, query::something_waits, now()).empty()) return claims;
    // First without a lock, so that only the devices that get something are locked.
    const auto skipped = [this](const std::string& why) { log_once(why); };
    Field field = read_field(tx, sessions, {}, skipped);
    const auto waiting = read_waiting(tx, field.claimants, sessions.size(), now());
    std::vector<std::string> lucky;
    std::set<std::string> devices;
    for (const Match& one : match(field.claimants, field.loads, waiting)) {
      lucky.push_back(field.claimants[one.claimant].session);
      devices.insert(field.claimants[one.claimant].device_id);
    }
    if (lucky.empty()) return claims;
    execute(tx, query::lock_devices, array_of(devices, [](const auto& device) { return device; }));
    field = read_field(tx, lucky, {}, skipped);
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
          Millis(row["time_limit_ms"].as<double>()), checkpoint_of(row)};
    }
    claims.again = claims.leases.size() < lucky.size();
    return claims;
  });
}

Result<int> PgStore::arrange_devices() {
  return run_as_leader([&](pqxx::work& tx) -> Result<int> {
    std::vector<std::string> devices;
    for (const auto& row : execute(tx, query::select_crowded)) devices.push_back(text_of(row[0]));
    if (devices.empty()) return 0;
    execute(tx, query::lock_devices, names_param(devices));
    const Field field = read_field(tx, {}, devices, [this](const auto& why) { log_once(why); });
    const auto waiting = read_waiting(tx, field.claimants, 1, now());
    const std::set<std::string> alone = wanted_alone(field.claimants, field.loads, waiting);
    const auto changed = execute(tx, query::arrange_tasks,
                                 array_of(alone, [](const auto& device) { return device; }), now());
    return static_cast<int>(changed.size());
  });
}

namespace {

// A line of a heartbeat with whose it is.
struct Line {
  const std::string* session;
  const RunningTask* task;
};

// What became of a lease that was extended.
struct Held {
  int suspension = 0;
  bool freed = false;
};

std::map<Fence, Held> extend_leases(pqxx::work& tx, const std::vector<Line>& lines,
                                    const Param& lease_ms, const Param& now) {
  const auto each = [&](auto of) {
    return array_of(lines, [&](const Line& line) { return of(*line.task); });
  };
  std::map<Fence, Held> held;
  if (lines.empty()) return held;
  const auto rows =
      execute(tx, query::renew_leases, each([](const auto& task) { return task.task.value; }),
              each([](const auto& task) { return task.attempt; }),
              array_of(lines, [](const Line& line) { return *line.session; }),
              each([](const auto& task) { return task.progress; }),
              each([](const auto& task) { return clean_text(task.message); }), lease_ms, now,
              each([](const auto& task) { return task.suspension; }));
  for (const auto& row : rows) {
    held[{row["id"].as<std::int64_t>(), row["attempt"].as<int>()}] = {row["suspension"].as<int>(),
                                                                      row["freed"].as<bool>()};
  }
  return held;
}

void keep_checkpoints(pqxx::work& tx, const std::vector<Line>& lines) {
  std::vector<const RunningTask*> tasks;
  for (const Line& line : lines) {
    if (line.task->checkpoint) tasks.push_back(line.task);
  }
  if (tasks.empty()) return;
  const auto each = [&](auto of) {
    return array_of(tasks, [&](const RunningTask* task) { return of(*task); });
  };
  execute(tx, query::keep_checkpoints, each([](const auto& task) { return task.task.value; }),
          each([](const auto& task) { return task.attempt; }),
          each([](const auto& task) { return task.checkpoint->sha256; }),
          each([](const auto& task) { return task.checkpoint->bytes; }),
          each([](const auto& task) { return task.checkpoint->step; }));
}

void keep_points(pqxx::work& tx, const std::vector<Line>& lines, const std::map<Fence, Held>& held,
                 const Param& now) {
  std::map<std::tuple<std::int64_t, int, std::int64_t>, const SeriesPoint*> points;
  std::set<std::int64_t> tasks;
  for (const Line& line : lines) {
    const RunningTask& task = *line.task;
    if (!held.contains({task.task.value, task.attempt})) continue;
    for (const SeriesPoint& point : task.points) {
      points.insert_or_assign({task.task.value, task.attempt, point.step}, &point);
      tasks.insert(task.task.value);
    }
  }
  if (points.empty()) return;
  execute(tx, query::insert_points,
          array_of(points, [](const auto& one) { return std::get<0>(one.first); }),
          array_of(points, [](const auto& one) { return std::get<1>(one.first); }),
          array_of(points, [](const auto& one) { return std::get<2>(one.first); }),
          array_of(points, [](const auto& one) { return json_param(one.second->values); }), now);
  execute(tx, query::thin_points, array_of(tasks, [](std::int64_t task) { return task; }),
          kMostPoints);
}

}  // namespace

Result<BeatsSeen> PgStore::see(std::span<const SessionBeat> beats) {
  return run_as_leader([&](pqxx::work& tx) -> Result<BeatsSeen> {
    // What it says is said again in a second: no disk is waited for.
    execute(tx, query::commit_soon);
    std::set<std::string> known;
    const auto sessions = array_of(beats, [](const SessionBeat& beat) { return beat.session; });
    for (const auto& row : execute(tx, query::see_workers, sessions, now())) {
      known.insert(text_of(row[0]));
    }
    BeatsSeen seen;
    std::vector<Line> lines;
    for (const SessionBeat& beat : beats) {
      if (!known.contains(beat.session)) seen.unknown.push_back(beat.session);
      if (!known.contains(beat.session)) continue;
      for (const RunningTask& task : beat.running) lines.push_back({&beat.session, &task});
    }
    const auto held = extend_leases(tx, lines, lease_ms(), now());
    keep_checkpoints(tx, lines);
    keep_points(tx, lines, held, now());
    for (const auto& [session, task] : lines) {
      const auto at = held.find({task->task.value, task->attempt});
      if (at == held.end()) {
        seen.lost.push_back({*session, task->task, task->attempt});
        continue;
      }
      seen.freed |= at->second.freed;
      if (at->second.suspension != task->suspension) {
        seen.wishes.push_back({*session, task->task, task->attempt, at->second.suspension});
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
