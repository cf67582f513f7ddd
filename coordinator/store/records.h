// What the store holds, as domain types: no SQL, no row, no protobuf.
//
// A row that this version cannot read (another one wrote it, or a hand) stands in lists all the
// same, so that it hides no other: `unreadable` says why, as "job 7 cannot be read: ...", little
// else of it is known, and it is shown as failed or rejected for that reason, whatever state it is
// in.  Whoever asks for it alone gets kInternal with the same words.
//
// Fields whose name ends in _json hold a JSON document as it was posted or reported (docs/api.md,
// docs/tasks.md); the store keeps it and does not look inside.  An empty one is absent.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/store/catalog_records.h"
#include "coordinator/store/trial_records.h"
#include "core/ids.h"
#include "core/job.h"
#include "core/names.h"
#include "core/task.h"
#include "core/units.h"
#include "core/worker.h"

namespace pare::coordinator {

struct Job {
  JobId id;
  std::string document_json;  // as posted, with the defaults filled in
  std::string model_sha256;
  int card_version = 1;  // of the model
  std::string dataset_sha256;
  std::vector<std::string> targets;
  std::vector<std::string> warnings;  // what it goes on in spite of, one sentence each
  std::uint64_t seed = 1;
  JobState state = JobState::kQueued;
  std::string reason;
  std::string owner;               // empty: nobody's
  int priority = 0;                // among the owner's jobs: more comes first
  std::string statistics_sha256;   // once prepared
  std::string prepared_json;       // the result of `prepare`
  std::string preprocessing_json;  // wire/preprocessing_json.h; empty: not tried, or not yet
  std::string supernet_sha256;     // that its candidates are cut from; empty: none, or not yet
  std::string tuning_json;         // wire/tuning_json.h; empty: not chosen yet, or not wanted
  TimePoint created_at{};
  std::optional<TimePoint> started_at;  // when it left the queue
  std::optional<TimePoint> searching_at;
  std::optional<TimePoint> finished_at;
  TrialCounts trials;
  double device_seconds = 0;    // spent on tasks whose end was handled, in their last attempt
  double searched_seconds = 0;  // while the search went on: no outage, no sleep, no step of a clock
  std::int64_t revision = 0;    // rises with every change of an outcome of its trials
  TimePoint read_at{};          // what time it was, by the clock that all other times are from
  std::string unreadable = {};
};

// What the reality check of one of a job's targets found, or why it found nothing.
struct TargetCheck {
  JobId job;
  std::string target;
  std::string processor;  // its kind; of an earlier engine, its model
  std::string runtime_version;
  bool int8 = false;        // int8 was looked at, too
  std::string result_json;  // the result of `check`; empty: it failed
  std::string reason;       // of the failure
  JobId measured_by;        // the job whose task it was: another one's may be used again
  TimePoint measured_at{};
};

// A super-network with where it comes from; or the change of one plan's weights alone.
struct SupernetRecord {
  std::int64_t cursor = 0;
  std::string sha256;
  std::int64_t bytes = 0;
  std::optional<JobId> job = {};  // that had it trained; nullopt: it was added as a file
  std::string model_sha256;
  int card_version = 1;
  std::string dataset_sha256 = {};  // empty: nobody here knows its images
  std::string statistics_sha256;
  std::string training_json;     // the result of `train`
  std::string plan_sha256 = {};  // of the only plan that it is for; empty: a super-network
  TimePoint created_at{};
};

// How fast a device ran the canary beside a measurement.
struct CanaryReading {
  std::string device_id;
  double reading_ms = 0;
  friend bool operator==(const CanaryReading&, const CanaryReading&) = default;
};

enum class ComparisonState : std::uint8_t { kQueued, kRunning, kSucceeded, kFailed };

struct Comparison {
  ComparisonId id;
  JobId job;
  std::string target;
  std::string plan_a_sha256;
  std::string plan_b_sha256;
  std::string document_json;  // alpha, margins, blocks
  ComparisonState state = ComparisonState::kQueued;
  std::string reason;
  std::string result_json;
  TimePoint created_at{};
  std::optional<TimePoint> finished_at;
  std::string unreadable = {};
};

enum class WorkerState : std::uint8_t { kIdle, kBusy, kLost };

struct Worker {
  std::string session;
  WorkerProfile profile;
  WorkerState state = WorkerState::kIdle;
  TimePoint last_seen{};
  std::vector<TaskId> tasks;  // leased now
};

inline constexpr std::array kComparisonStateNames = {
    Named<ComparisonState>{ComparisonState::kQueued, "queued"},
    Named<ComparisonState>{ComparisonState::kRunning, "running"},
    Named<ComparisonState>{ComparisonState::kSucceeded, "succeeded"},
    Named<ComparisonState>{ComparisonState::kFailed, "failed"},
};
constexpr std::string_view name_of(ComparisonState s) noexcept {
  return name_in(kComparisonStateNames, s);
}
inline constexpr std::array kWorkerStateNames = {
    Named<WorkerState>{WorkerState::kIdle, "idle"},
    Named<WorkerState>{WorkerState::kBusy, "busy"},
    Named<WorkerState>{WorkerState::kLost, "lost"},
};
constexpr std::string_view name_of(WorkerState s) noexcept {
  return name_in(kWorkerStateNames, s);
}

}  // namespace pare::coordinator
