// The queue: tasks, who holds them, and the workers.
//
// Every call is one transaction.  Thread-safe.  Every claim raises the attempt; every heartbeat and
// report carries (task, attempt), and a stale one changes nothing.  A device runs one exclusive
// task or any number of others, never both, whoever claims; tasks that stand still do not count.
//
// Who is not heard of for the length of a lease is lost: nothing new is given to it.  What it holds
// is taken from it then, but a task of a kind with grace (core/task_kind.h) only when that is over.
//  Every call may fail with kUnavailable
// when the database is away.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/store/records.h"
#include "coordinator/store/task_records.h"
#include "core/blame.h"
#include "core/lease.h"
#include "core/result.h"
#include "core/worker.h"

namespace pare::coordinator {

// The end of an attempt, as the worker reports it.
struct AttemptReport {
  TaskId task;
  int attempt = 0;
  bool succeeded = false;
  bool retryable = false;  // a failure worth another attempt: this one is burnt
  std::string reason;      // of a failure
  std::string outcome_json;
  bool waits = false;  // a failure that is nobody's fault: no attempt is burnt

  Burden burden() const noexcept {
    return waits ? Burden::kWaits : retryable ? Burden::kBurns : Burden::kFinal;
  }
};

// How a worker went.
enum class Departure : std::uint8_t {
  kSilence,   // with what it held, for all that is known
  kGoodbye,   // it was stopped on purpose
  kReplaced,  // it is gone for certain: its machine's worker was started anew
};

constexpr std::string_view name_of(Departure departure) noexcept {
  constexpr std::string_view kNames[] = {"went silent", "was stopped", "was started anew"};
  return kNames[static_cast<int>(departure)];
}

// One worker's heartbeat.
struct SessionBeat {
  std::string session;
  std::vector<RunningTask> running;
};

// A task that a heartbeat named and that is no longer this worker's.
struct LostTask {
  std::string session;
  TaskId task;
  int attempt = 0;
  friend bool operator==(const LostTask&, const LostTask&) = default;
};

// A task that is to stand still, or to go on, and did not say that it does.
struct Wish {
  std::string session;
  TaskId task;
  int attempt = 0;
  int suspension = 0;  // core/worker.h
  friend bool operator==(const Wish&, const Wish&) = default;
};

struct BeatsSeen {
  std::vector<std::string> unknown = {};  // sessions that must say hello
  std::vector<LostTask> lost = {};
  std::vector<Wish> wishes = {};
  bool freed = false;  // a task stands still now: its device may be free for one that waits
};

struct Claims {
  std::map<std::string, Lease> leases;  // by session; who is not named has nothing to do now
  std::vector<std::string> unknown;     // sessions that must say hello
  bool again = false;                   // somebody else was faster with a task: ask once more
};

struct Greeting {
  std::string session;
  WorkerProfile profile;
};

// A point of a task's series, as it came.
struct StoredPoint {
  SeriesPoint point;
  int attempt = 0;
  TimePoint at{};
  friend bool operator==(const StoredPoint&, const StoredPoint&) = default;
};

// A task keeps no more points than that: beyond it every second one goes.
inline constexpr int kMostPoints = 1000;

struct TaskFilter {
  std::optional<JobId> job;
  std::optional<int> trial;
  std::optional<TaskState> state;
  bool unhandled = false;  // only succeeded and failed ones that caused no batch yet
};

class TaskStore {
 public:
  virtual ~TaskStore() = default;

  // Makes the session known, or known again, with what it can do.
  virtual Result<Worker> greet(std::string_view session, const WorkerProfile& profile) = 0;
  // Many at once, all or none.  Returns how many there were.
  virtual Result<int> greet_all(std::span<const Greeting> greetings) = 0;
  // The worker is gone: what it holds goes back to the queue, no attempt burnt; of a silent one
  // what has no grace left.  A greeting that replaces a session retires that one.  A task that lost
  // kMostLosses workers in silence, none of which was heard of again, fails.  Returns those tasks.
  virtual Result<std::vector<TaskId>> retire(std::string_view session,
                                             Departure departure = Departure::kSilence) = 0;
  // Those not lost, and those lost less than an hour ago.
  virtual Result<std::vector<Worker>> workers() = 0;

  // Hands out tasks to idle workers, in this order: to each the oldest that it may do now (the rule
  // is in matching.h).  An idle fleet without work costs one query.
  virtual Result<Claims> claim_for(std::span<const std::string> sessions) = 0;
  // Notes that these workers live, extends the leases that they name, and keeps what they say:
  // progress, checkpoints, points of series, and what stands still.  A checkpoint that comes after
  // its lease was lost counts as long as nobody took the task over; a later attempt's replaces an
  // earlier one's, and within an attempt the furthest counts.
  virtual Result<BeatsSeen> see(std::span<const SessionBeat> beats) = 0;
  // Tasks that step aside are to stand still where an exclusive one waits for their device or has
  // it, and to go on where there is none; see() tells their workers.  Returns how many changed.
  virtual Result<int> arrange_devices() = 0;
  // Task, attempt and event of each.  A retryable failure goes back to the queue until the attempts
  // are burnt; one that waits goes back always, and is not handed out before wait_before() is over.
  // A success that comes after its lease was lost counts as long as nobody took the task over.  A
  // verdict for each, in their order.
  virtual Result<std::vector<ReportVerdict>> record(std::span<const AttemptReport> reports) = 0;
  Result<ReportVerdict> report(const AttemptReport& report);  // the same for one
  // What these tasks ask for; who is not named does not exist.
  virtual Result<std::map<TaskId, TaskKind>> kinds_of(std::span<const TaskId> tasks) = 0;

  // Workers that were not heard of for the length of a lease are lost.  Gives back every task of a
  // lost worker that has no grace, or whose lease ran out, as retire() does.  Returns them all.
  virtual Result<std::vector<TaskId>> expire_leases() = 0;
  // The coordinator was away: silence was not the workers' fault, so every lease starts anew,
  // and every worker that was there has the length of a lease to be heard of.
  virtual Result<int> renew_all_leases() = 0;

  virtual Result<Task> task(TaskId id) = 0;
  virtual Result<std::vector<Task>> tasks(const TaskFilter& filter, const Page& page) = 0;
  // Tasks that wait through nobody's fault, oldest first: of one job, or of all and of none.
  virtual Result<std::vector<TaskWait>> waits(std::optional<JobId> job, int limit) = 0;
  // The points of all its attempts, by attempt and step.  Fails with kNotFound.
  virtual Result<std::vector<StoredPoint>> series(TaskId task) = 0;
  // Succeeded and failed ones that caused no batch yet, in the order they ended; those that cannot
  // be read among them.
  virtual Result<std::vector<Task>> unhandled_tasks(int limit) = 0;
};

}  // namespace pare::coordinator
