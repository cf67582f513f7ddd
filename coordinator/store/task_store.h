// The queue: tasks, who holds them, and the workers.
//
// Every call is one transaction.  Thread-safe.  Every claim raises the attempt; every heartbeat and
// report carries (task, attempt), and a stale one changes nothing.  A device runs one exclusive
// task or any number of others, never both, whoever claims.  Every call may fail with kUnavailable
// when the database is away.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/store/records.h"
#include "coordinator/store/task_records.h"
#include "core/lease.h"
#include "core/result.h"
#include "core/worker.h"

namespace pare::coordinator {

// The end of an attempt, as the worker reports it.
struct AttemptReport {
  TaskId task;
  int attempt = 0;
  bool succeeded = false;
  bool retryable = false;  // a failure worth another attempt
  std::string reason;      // of a failure
  std::string outcome_json;
};

struct TaskFilter {
  std::optional<JobId> job;
  std::optional<int> trial;
  std::optional<TaskState> state;
};

class TaskStore {
 public:
  virtual ~TaskStore() = default;

  // Makes the session known, or known again, with what it can do.
  virtual Result<Worker> greet(std::string_view session, const WorkerProfile& profile) = 0;
  // The worker is gone: what it holds goes back to the queue.  Returns those tasks.
  virtual Result<std::vector<TaskId>> retire(std::string_view session) = 0;
  // Those not lost, and those lost less than an hour ago.
  virtual Result<std::vector<Worker>> workers() = 0;

  virtual Result<TaskId> enqueue(const NewTask& task) = 0;
  // The oldest task this worker may do now; an exclusive one first, and while one waits for the
  // device, no other is handed out there.  nullopt: nothing to do.  kNotFound: unknown session.
  virtual Result<std::optional<Lease>> claim(std::string_view session) = 0;
  // Extends the leases named.  Returns the tasks that are no longer this worker's.  kNotFound:
  // unknown session.
  virtual Result<std::vector<TaskId>> heartbeat(std::string_view session,
                                                std::span<const RunningTask> running) = 0;
  // Task, attempt and event in one.  A retryable failure goes back to the queue until the attempts
  // are used up.
  virtual Result<ReportVerdict> report(const AttemptReport& report) = 0;
  // Workers that were not heard of for the length of a lease are lost.  Gives back every task of a
  // lost worker, or whose lease ran out; fails those out of attempts.  Returns them all.
  virtual Result<std::vector<TaskId>> expire_leases() = 0;
  // The coordinator was away: silence was not the workers' fault, so every lease starts anew,
  // and every worker that was there has the length of a lease to be heard of.
  virtual Result<int> renew_all_leases() = 0;

  virtual Result<Task> task(TaskId id) = 0;
  virtual Result<std::vector<Task>> tasks(const TaskFilter& filter, const Page& page) = 0;
  // Succeeded and failed ones that caused no batch yet, in the order they ended.  One that cannot
  // be read is set aside.
  virtual Result<std::vector<Task>> unhandled_tasks(int limit) = 0;
  // The end of this task cannot be handled, and the reason says why: it is no longer among those
  // that wait, and blocks nothing.  False: it has not ended, was handled, or is set aside already.
  virtual Result<bool> set_aside(TaskId task, std::string_view reason) = 0;
};

}  // namespace pare::coordinator
