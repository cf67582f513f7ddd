// Tasks as the store holds them.
#pragma once

#include <optional>
#include <string>

#include "core/ids.h"
#include "core/lease.h"
#include "core/task.h"
#include "core/units.h"

namespace pare::coordinator {

// What a task is about; what does not apply is empty.
struct TaskSubject {
  std::string model_sha256;
  std::string dataset_sha256;
  std::optional<JobId> job;
  std::optional<int> trial;  // its number in the job
  std::optional<ComparisonId> comparison;
  friend bool operator==(const TaskSubject&, const TaskSubject&) = default;
};

// How long it may take, how often it may fail and what it needs of a device follows from its kind
// (core/task_kind.h).
struct NewTask {
  TaskKind kind = TaskKind::kInspectModel;
  TaskSubject subject;
  std::string target;   // the target it is for; for the reader of the outcome, not for matching
  std::string pool;     // only workers of this pool; empty: any
  std::string runtime;  // only workers that serve this runtime; empty: any
  std::string processor = {};  // only on this kind of processor (processor_of); empty: any
  std::string document_json;   // docs/tasks.md
};

// A task that waits through nobody's fault.
struct TaskWait {
  TaskId task;
  TaskKind kind = TaskKind::kInspectModel;
  TaskSubject subject;
  std::string reason;
  TimePoint until{};
  int waits = 0;  // in a row
};

struct Task {
  TaskId id;
  NewTask task;
  TaskState state = TaskState::kQueued;
  int attempt = 0;                      // how often it was leased
  int burnt = 0;                        // attempts that its candidate lost; of its kind's
  int waits = 0;                        // in a row, through nobody's fault
  std::optional<TimePoint> not_before;  // queued: not handed out earlier
  std::string waiting_reason;           // why it waits; empty: it waits for nothing but its turn
  std::string leased_by;                // session
  std::string device_id;                // while it is leased
  std::string ran_on;                   // the device of the last attempt; empty: there was none
  double progress = 0.0;
  std::string message;     // the last line of progress
  bool suspended = false;  // it stands still: something else has its device for itself
  std::optional<Checkpoint> checkpoint = {};  // the next attempt goes on from; none once it ended
  std::string outcome_json;                   // as reported; empty when it failed without a report
  std::string reason;                         // why it failed
  bool handled = false;                       // a Batch with this task as its cause was committed
  std::string set_aside;                      // why its end could not be handled; empty: it could
  // "task 7 cannot be read: ...", of a row of another version; empty: it can.  Its kind is not
  // known then, and what it is about is.
  std::string unreadable = {};
  TimePoint created_at{};
  std::optional<TimePoint> leased_at;
  std::optional<TimePoint> finished_at;
};

}  // namespace pare::coordinator
