// What follows from the end of one task of a trial: the changes to commit with it.  Pure.
//
//   build -> benchmark, on each target
//         -> evaluate, once per runtime that the accuracy belongs to, when the latencies are there;
//            of a lowered precision once per kind of processor, too, on that kind
//
// Latency comes first: it takes seconds, and says which trials are faster, so that scoring can stop
// as soon as one of them is surely more accurate, too (rivals.h).  A latency that the canary makes
// doubtful is measured again.  A step that fails makes the
// targets it was for infeasible, with the reason; the trial ends when every target has a
// measurement or a reason.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "coordinator/jobs/canary_rule.h"
#include "coordinator/jobs/job_context.h"
#include "coordinator/jobs/rivals.h"
#include "coordinator/store/batch.h"
#include "core/accuracy_identity.h"
#include "wire/task_json.h"

namespace pare::coordinator {

// How a task ended: its result and artifacts, or why there are none.
using TaskEnd = Result<wire::TaskSuccess>;
TaskEnd end_of(const Task& task);

// What a benchmark found, with the artifact that its samples are in.
Measurement measurement_of(const wire::TaskSuccess& benchmark);

class TrialUpdate {
 public:
  // `context` must outlive the update.  REQUIRES: the trial is running and its plan decodes.
  // `others`: the job's trials that ended, which may hold rivals.
  TrialUpdate(const JobContext& context, Trial trial, Plan plan, std::span<const Scored> others);

  // What somebody paid for before: accuracies of the candidate, and who could score it now.  One
  // is used again only if whoever scores could not but make the same (core/accuracy_identity.h).
  struct Known {
    std::vector<StoredAccuracy> accuracies;
    std::vector<Scorer> scorers;
  };

  void built(const TaskEnd& end);
  // `task` is the one that ended: it says what the candidate was scored on.
  void evaluated(const TaskEnd& end, const NewTask& task);
  // `earlier`: what was measured of it there before, oldest first; `readings`: the canary's there
  // so far; `device_id`: where it was measured.  REQUIRES: the job has the target.
  void benchmarked(const TaskEnd& end, const std::string& target, const std::string& device_id,
                   std::vector<MeasuredLatency> earlier, const std::vector<CanaryReading>& readings,
                   const Known& known);

  // Everything to commit, the end of the trial included if this was the last thing missing.
  std::vector<Change> changes() &&;
  bool ended() const noexcept { return ended_; }

 private:
  // Targets that one accuracy is for: those of one runtime, and of one kind of processor where the
  // precision is lowered.
  struct Group {
    std::string runtime;
    std::string processor;  // empty: any
    std::vector<const Target*> targets;
  };
  std::vector<const Target*> scored_on(const std::string& runtime) const;
  std::vector<Group> timed_groups(const std::string& runtime) const;
  AccuracyIdentity identity_of(const Scorer& scorer) const;
  const StoredAccuracy* known_for(const Group& group, const Known& known) const;
  void record_build(const wire::BuildResult& build, const wire::BlobRef& candidate);
  void record_accuracy(const Target& target, const StoredAccuracy& accuracy);
  void measure(const Target& target);
  void score(const Group& group);
  void score_if_timed(const std::string& runtime, const Known& known);
  void take_latency(const Target& target, const TaskEnd& end, const std::string& device_id,
                    std::vector<MeasuredLatency> earlier,
                    const std::vector<CanaryReading>& readings);
  void choose_latency(const Target& target, const std::vector<MeasuredLatency>& measured,
                      const std::vector<CanaryReading>& readings, bool last);
  void record_latency(const Target& target, Measurement latency);
  void infeasible(const Target& target, const std::string& reason);
  void end_if_settled();

  const JobContext& context_;
  Trial trial_;
  Plan plan_;
  std::span<const Scored> others_;
  bool ended_ = false;
  std::vector<Change> changes_;
};

}  // namespace pare::coordinator
