// What MemoryStore keeps: plain values, copied before a batch and put back when the batch fails.
// Seen by the memory store alone.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/store/store.h"

namespace pare::coordinator {

struct StoredTrial {
  Trial trial;
  std::map<std::string, TargetEvidence> evidence;  // by target
  std::map<std::string, std::string> identities;   // of accuracies, by target
  std::vector<std::int64_t> revisions;             // of the job, when its outcomes changed
};

struct StoredTask {
  Task task;
  TimePoint lease_until{};
  std::set<int> reported;  // the attempts that ended with a report
  struct Loss {
    std::string session;
    TimePoint at{};
  };
  std::vector<Loss> losses;  // workers that went silent with it
  bool given_up = false;     // the lease of the newest attempt was lost or given back
  int suspension = 0;        // the newest wish
  int checkpoint_attempt = 0;
  std::map<std::pair<int, std::int64_t>, StoredPoint> points;  // by attempt and step
};

struct StoredWorker {
  Worker worker;
  bool lost = false;
};

struct StoredKey {
  std::string request_sha256;
  std::int64_t id = 0;
};

struct MemoryState {
  std::vector<Model> models;                                   // cursor = position + 1
  std::map<std::pair<std::string, int>, Model> earlier_cards;  // by SHA-256 and version
  std::vector<Dataset> datasets;                               // the same
  std::map<std::string, Target> targets;
  std::map<std::string, Bytes> blobs;
  std::map<JobId, Job> jobs;
  std::map<std::pair<JobId, std::string>, TargetCheck> checks;  // by job and target
  std::map<std::pair<JobId, std::string>, std::vector<CanaryReading>> canary;
  std::map<std::pair<JobId, int>, StoredTrial> trials;
  std::map<JobId, std::int64_t> revisions;                 // the newest of each job
  std::map<JobId, std::pair<TrialsUpTo, int>> contenders;  // with the rule that chose them
  std::map<JobId, std::vector<SearchLogEntry>> search_logs;
  std::map<ComparisonId, Comparison> comparisons;
  std::map<std::string, StoredKey> job_keys;
  std::map<std::string, StoredKey> comparison_keys;
  std::map<TaskId, StoredTask> tasks;
  std::map<std::string, StoredWorker> workers;
  std::optional<Leader> leader;
  std::function<void()> task_queued;  // a bell
};

// --- what several of the store's files need (memory_tasks.cpp) ---

TaskId queue_task(MemoryState& state, TimePoint now, const NewTask& task);
// Ends a queued or leased task.
void cancel_task(MemoryState& state, TimePoint now, StoredTask& task);
// Cancels what the selected tasks still do, and forgets what they did but nobody handled.
template <typename Selects>
void cancel_tasks(MemoryState& state, TimePoint now, Selects selects) {
  for (auto& [id, stored] : state.tasks) {
    if (selects(stored.task)) cancel_task(state, now, stored);
  }
}

// One change of a batch (memory_batch.cpp).  On failure the state is left half changed.
Result<bool> apply_change(MemoryState& state, TimePoint now, const Change& change);
// A job that ends leaves no task and no running trial behind.  REQUIRES: the move is allowed.
void move_job(MemoryState& state, TimePoint now, Job& job, JobState to, const std::string& reason);

}  // namespace pare::coordinator
