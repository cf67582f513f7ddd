// A batch: everything that changes together, committed as one transaction or not at all.
//
// The job loop reads the end of a task, decides what follows from it, and commits that as one batch
// with the task as its cause.  A task causes at most one batch, ever: whoever comes second gets
// kConflict and nothing changes, so a crash between the two can neither lose an outcome nor
// record it twice.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "coordinator/store/records.h"
#include "coordinator/store/task_records.h"

namespace pare::coordinator {

// kConflict unless core's can_move allows it.
struct JobMoved {
  JobId job;
  JobState to = JobState::kPreparing;
  std::string reason;  // for kFailed
};

// In the place of those that it had.
struct JobWarned {
  JobId job;
  std::vector<std::string> warnings;
};

struct JobPrepared {
  JobId job;
  std::string statistics_sha256;
  std::string prepared_json;
};

// Without a job: it was added.  The same file that is there stays whose it is.
struct SupernetAdded {
  SupernetRecord supernet;  // without cursor and time
};

// kConflict if the job has another.
struct JobInherits {
  JobId job;
  std::string supernet_sha256;
};

// Which members are tuned, and how far that is; in the place of what was said before.
struct JobTuned {
  JobId job;
  std::string tuning_json;
};

// What trying ways of preparing images found (wire/preprocessing_json.h).  kConflict if it was
// tried for the job before.
struct PreprocessingTried {
  JobId job;
  std::string trial_json;
};

// A check without a time was measured now.  kConflict if the target was checked for the job before.
struct CheckRecorded {
  TargetCheck check;
};

struct CanaryRecorded {
  JobId job;
  std::string target;
  CanaryReading reading;
};

// kConflict unless `number` is the job's next one and its plan is new to the job.
struct TrialAdded {
  JobId job;
  int number = 0;
  std::string plan_sha256;
  std::string plan_json;
  TrialOrigin origin = TrialOrigin::kSearch;
  std::vector<int> genome;
};

// kConflict if it was built before; so are all that follow if they were recorded before.
struct TrialBuilt {
  JobId job;
  int number = 0;
  std::string candidate_sha256;
  std::int64_t bytes = 0;
  std::int64_t macs = 0;
  std::string build_json;
};

struct AccuracyRecorded {
  JobId job;
  int number = 0;
  std::string target;
  Accuracy accuracy;
  std::string identity_json = {};  // core/accuracy_identity.h; empty: not to be used again
};

struct LatencyRecorded {
  JobId job;
  int number = 0;
  std::string target;
  Measurement latency;
};

// The second measurement.  kConflict without a first one, or after another.
struct LatencyConfirmed {
  JobId job;
  int number = 0;
  std::string target;
  Measurement latency;
};

struct InfeasibleRecorded {
  JobId job;
  int number = 0;
  std::string target;
  std::string reason;
};

// Only from kRunning.
struct TrialEnded {
  JobId job;
  int number = 0;
  TrialState state = TrialState::kFinished;
  std::string reason;
};

// Gets the job's next sequence number.
struct SearchLogged {
  JobId job;
  SearchStep step = SearchStep::kAsk;
  std::string payload_json;
};

// A search went on for so long since this was last recorded.
struct SearchedFor {
  JobId job;
  double seconds = 0;
};

struct TaskAdded {
  NewTask task;
};

// Why the end of a task could not be handled as its kind wants it: kept beside it for people.  Once
// for a task.
struct TaskSetAside {
  TaskId task;
  std::string reason;
};

struct ModelInspected {
  std::string sha256;
  EntryState state = EntryState::kReady;
  std::string reason;
  std::string summary_json;
};

struct DatasetInspected {
  std::string sha256;
  EntryState state = EntryState::kReady;
  std::string reason;
  DatasetCounts counts;
};

struct ComparisonEnded {
  ComparisonId comparison;
  ComparisonState state = ComparisonState::kSucceeded;
  std::string reason;
  std::string result_json;
};

using Change = std::variant<JobMoved, JobWarned, JobPrepared, SupernetAdded, JobInherits, JobTuned,
                            PreprocessingTried, CheckRecorded, CanaryRecorded, TrialAdded,
                            TrialBuilt, AccuracyRecorded, LatencyRecorded, LatencyConfirmed,
                            InfeasibleRecorded, TrialEnded, SearchLogged, SearchedFor, TaskAdded,
                            TaskSetAside, ModelInspected, DatasetInspected, ComparisonEnded>;

struct Batch {
  std::optional<TaskId> cause;  // a succeeded or failed task that this handles
  std::vector<Change> changes;  // in this order
};

}  // namespace pare::coordinator
