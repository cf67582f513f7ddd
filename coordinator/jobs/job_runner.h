// One job that searches: its space, and its strategy where the log of asks and tells has brought
// it.
//
// Not a second truth: after a commit that failed it is thrown away and restored from the store.
// Used by the job loop's thread only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/jobs/canary_rule.h"
#include "coordinator/jobs/job_context.h"
#include "coordinator/jobs/rivals.h"
#include "coordinator/jobs/stagnation.h"
#include "coordinator/store/batch.h"

namespace pare::coordinator {

// What a job tries first: the original, what it was posted to begin with, and the seeds.
struct FirstPlans {
  std::vector<search::Genome> genomes;
  int left_out = 0;    // plans to begin with that are not in the space
  std::string reason;  // why the first of those is not
};
FirstPlans first_plans(const JobContext& context);

class JobRunner {
 public:
  // Reads the job's trials and its log.  REQUIRES: the model is ready.  O(log + trials).
  static Result<std::unique_ptr<JobRunner>> restore(Store& store, const Job& job);

  const JobContext& context() const noexcept { return context_; }

  // What begins the next trial; nullopt: the space has nothing left.  The caller commits it, or
  // throws the runner away.
  std::optional<std::vector<Change>> next_trial();

  // What kept the search from proposing the last trial as it would, for the log; empty: nothing.
  std::string trouble() const { return strategy_->trouble(); }

  // REQUIRES: the trial has ended, and its end is the last entry of the log.
  void tell(const Trial& trial);

  const Stagnation& stagnation() const noexcept { return stagnation_; }

  // Of the trials that ended, what others have to fear.
  const std::vector<Scored>& scored() const noexcept { return scored_; }

 private:
  JobRunner(JobContext context, std::unique_ptr<search::Strategy> strategy, std::size_t seeds);
  Result<bool> replay(Store& store);

  JobContext context_;
  std::unique_ptr<search::Strategy> strategy_;
  std::size_t seeds_;  // the first trials
  Stagnation stagnation_;
  std::vector<Scored> scored_;
  int next_number_ = 1;
};

// Every trial of a job, page by page.
Result<std::vector<Trial>> all_trials(Store& store, JobId job);

// What was measured of a trial on a target before this task, oldest first.
Result<std::vector<MeasuredLatency>> measured_before(Store& store, const Task& task, JobId job,
                                                     int trial);

}  // namespace pare::coordinator
