// The search loop: takes every job from queued to its end.
//
// Nothing is remembered here that the store does not know: each step reads the ends of tasks and
// the active jobs, decides what follows, and commits it as batches.  A crash between any two of
// them loses nothing and repeats nothing, and a loop that starts anew replays each job's log of
// asks and tells into its strategy, so that it goes on as an uninterrupted one would.
//
// What time it is says the store, which also said when anything began; for how long a job has
// searched is counted here while it does, so that no step of a clock ends a search.
// The end of a trial costs the same, however many went before.
//
// One thread.  wake() may be called from any.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "coordinator/jobs/job_view.h"
#include "coordinator/store/store.h"

namespace pare::coordinator {

class JobRunner;

struct JobLoopOptions {
  int trials_in_flight = 0;  // of each job; 0: two, and two more for every worker
  std::chrono::milliseconds poll{500};
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
  std::function<void(const std::string&)> log;  // what people should see; empty: nobody does
  std::function<void()> tasks_added;            // for the dispatcher to look at once
};

class JobLoop {
 public:
  // REQUIRES: `store` and `views` outlive the loop.
  JobLoop(Store& store, JobViews& views, JobLoopOptions options = {});
  ~JobLoop();
  JobLoop(const JobLoop&) = delete;
  JobLoop& operator=(const JobLoop&) = delete;

  // Does everything that can be done now.  Returns how many batches were committed, or what is
  // retryable if the store is away or has no room: call again later.  What fails for one task or
  // job ends that one, with the reason, and nothing else.
  Result<int> step();

  // step() whenever wake() was called or the time of a poll is over, until `stop`.
  void run(const std::stop_token& stop);
  void wake();

 private:
  Result<int> handle_ends();
  Result<int> handle_unreadable(const Task& task);
  Result<int> handle(const Task& task);
  Result<int> settle_conflict(const Task& task, const Error& conflict);
  Result<int> handle_trial_task(const Task& task, const Job& job);
  Result<int> advance_jobs();
  Result<int> settle_job(const Job& job, const Error& error);
  Result<int> end_unreadable(const Job& job);
  Result<int> advance(const Job& job);
  Result<int> begin(const Job& job);
  Result<int> prepare(const Job& job);
  Result<int> handle_prepared(const Task& task, const Job& job);
  Result<int> handle_trained(const Task& task, const Job& job);
  Result<int> search(const Job& job);
  Result<int> finish(const Job& job);
  Result<int> confirm(const Task& task, const Job& job, const Trial& trial);
  Result<int> fail(const Job& job, std::optional<TaskId> cause, const std::string& reason);
  Result<int> commit(std::optional<TaskId> cause, std::vector<Change> changes);
  Result<int> commit_end(const Task& task, std::vector<Change> changes);
  Result<JobRunner*> runner_of(const Job& job);
  Result<int> in_flight_limit();
  double seconds_searched(const Job& job);
  Result<int> count_search(const Job& job);
  std::string why_over(const Job& job, const JobRunner& runner);

  // For how long a job has searched since that was last recorded.
  struct Searched {
    std::chrono::steady_clock::time_point seen;
    std::chrono::duration<double> unrecorded{0};
  };

  Store& store_;
  JobViews& views_;
  JobLoopOptions options_;
  std::map<JobId, Searched> searched_;
  std::map<JobId, std::unique_ptr<JobRunner>> runners_;
  std::map<TaskId, int> conflicts_;     // how often the end of a task did not fit what is stored
  std::map<JobId, int> job_conflicts_;  // how often in a row a job could not be advanced
  std::set<JobId> left_alone_;          // jobs whose state is another version's, and it was said
  std::mutex mutex_;
  std::condition_variable_any woken_;
  bool wake_ = false;
};

}  // namespace pare::coordinator
