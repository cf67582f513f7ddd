// What the store holds, as domain types: no SQL, no row, no protobuf.
//
// Fields whose name ends in _json hold a JSON document as it was posted or reported (docs/api.md,
// docs/tasks.md); the store keeps it and does not look inside.  An empty one is absent.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/ids.h"
#include "core/job.h"
#include "core/task.h"
#include "core/units.h"
#include "core/worker.h"

namespace pare::coordinator {

// A part of a list in the order of its cursor; the cursor of the next part is its last entry's.
struct Page {
  std::int64_t after = 0;  // entries with a cursor above this one
  int limit = 100;
};

// What was asked for, and whether this call made it or found it there.
template <typename T>
struct Created {
  T value;
  bool created = true;
};

// The Idempotency-Key of a POST.  The same key with the same digest finds what the first call made;
// with another digest it is kConflict.
struct Idempotency {
  std::string key;
  std::string request_sha256;
};

enum class EntryState : std::uint8_t { kInspecting, kReady, kRejected };

struct Model {
  std::int64_t cursor = 0;
  std::string name;
  std::string sha256;
  EntryState state = EntryState::kInspecting;
  std::string reason;        // why it was rejected
  std::string card_json;     // as the user gave it
  std::string summary_json;  // once ready
  TimePoint created_at{};
};

struct DatasetCounts {
  int calibration_images = 0;
  int validation_images = 0;
  int boxes = 0;
  bool labelled = false;
  std::vector<std::string> classes;
  friend bool operator==(const DatasetCounts&, const DatasetCounts&) = default;
};

struct Dataset {
  std::int64_t cursor = 0;
  std::string name;
  std::string sha256;
  EntryState state = EntryState::kInspecting;
  std::string reason;
  DatasetCounts counts;
  TimePoint created_at{};
};

struct Job {
  JobId id;
  std::string document_json;  // as posted, with the defaults filled in
  std::string model_sha256;
  std::string dataset_sha256;
  std::vector<std::string> targets;
  std::uint64_t seed = 1;
  JobState state = JobState::kQueued;
  std::string reason;
  std::string statistics_sha256;  // once prepared
  std::string prepared_json;      // the result of `prepare`
  TimePoint created_at{};
  std::optional<TimePoint> started_at;  // when it left the queue
  std::optional<TimePoint> searching_at;
  std::optional<TimePoint> finished_at;
};

struct TrialCounts {
  int asked = 0;
  int finished = 0;
  int failed = 0;
};

enum class TrialState : std::uint8_t { kRunning, kFinished, kFailed };
enum class TrialOrigin : std::uint8_t { kSeed, kSearch };

struct AccuracyRecord {
  double map_50_95 = 0.0;
  int images = 0;
  std::string runtime;            // what it was scored on: "executor" or a runtime's name
  std::string detections_sha256;  // empty: none stored
};

struct LatencyRecord {
  Millis median{};
  Millis low{};
  Millis high{};
  int samples = 0;
};

// What is known of a trial on one target; ends with both an accuracy and a latency, or a reason.
struct TargetRecord {
  std::optional<AccuracyRecord> accuracy;
  std::optional<LatencyRecord> latency;
  std::string infeasible;  // why; empty: feasible as far as is known
};

// The bulk behind a TargetRecord, read one at a time.
struct TargetEvidence {
  std::string accuracy_json;       // the result of `evaluate`
  std::vector<double> samples_ms;  // in the order they were taken
  std::string latency_json;        // the result of `benchmark` without its samples
};

// Known by its job and its number in it, dense from 1 in the order of asking.
struct Trial {
  JobId job;
  int number = 0;
  std::string plan_sha256;
  std::string plan_json;
  TrialOrigin origin = TrialOrigin::kSearch;
  std::vector<int> genome;
  TrialState state = TrialState::kRunning;
  std::string reason;            // why it failed
  std::string candidate_sha256;  // once built
  std::optional<std::int64_t> bytes;
  std::optional<std::int64_t> macs;
  std::string build_json;                         // the result of `build`
  std::map<std::string, TargetRecord> on_target;  // by the target's name
  TimePoint created_at{};
  std::optional<TimePoint> finished_at;
};

enum class SearchStep : std::uint8_t { kAsk, kTell };

// One entry of a job's search log, dense from 1, in the order it happened: what restores a
// strategy.
struct SearchLogEntry {
  int seq = 0;
  SearchStep step = SearchStep::kAsk;
  std::string payload_json;
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
};

enum class WorkerState : std::uint8_t { kIdle, kBusy, kLost };

struct Worker {
  std::string session;
  WorkerProfile profile;
  WorkerState state = WorkerState::kIdle;
  TimePoint last_seen{};
  std::vector<TaskId> tasks;  // leased now
};

// What happened, in order; `body_json` names what it happened to.
struct Event {
  std::int64_t id = 0;
  TimePoint at{};
  std::string kind;  // "task.succeeded", "job.searching", ...
  std::optional<JobId> job;
  std::string body_json;
};

constexpr std::string_view name_of(EntryState s) noexcept {
  constexpr std::string_view kNames[] = {"inspecting", "ready", "rejected"};
  return kNames[static_cast<int>(s)];
}
constexpr std::string_view name_of(TrialState s) noexcept {
  constexpr std::string_view kNames[] = {"running", "finished", "failed"};
  return kNames[static_cast<int>(s)];
}
constexpr std::string_view name_of(TrialOrigin o) noexcept {
  return o == TrialOrigin::kSeed ? "seed" : "search";
}
constexpr std::string_view name_of(SearchStep s) noexcept {
  return s == SearchStep::kAsk ? "ask" : "tell";
}
constexpr std::string_view name_of(ComparisonState s) noexcept {
  constexpr std::string_view kNames[] = {"queued", "running", "succeeded", "failed"};
  return kNames[static_cast<int>(s)];
}
constexpr std::string_view name_of(WorkerState s) noexcept {
  constexpr std::string_view kNames[] = {"idle", "busy", "lost"};
  return kNames[static_cast<int>(s)];
}

}  // namespace pare::coordinator
