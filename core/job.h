// A job as its user posted it, and the life of a job as a pure function.
//
//   queued -> preparing -> searching -> finishing -> succeeded
//                             |  ^
//                             v  |
//                            paused
//
// Every state that is not final may also go to failed or cancelled.  The JSON is in
// wire/job_json.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pare {

enum class JobState : std::uint8_t {
  kQueued,     // the model, the dataset or a target is not ready yet
  kPreparing,  // statistics are being gathered
  kSearching,
  kPaused,
  kFinishing,  // no new trials; waiting for those in flight
  kSucceeded,
  kFailed,
  kCancelled,
};

constexpr bool is_final(JobState s) noexcept {
  return s == JobState::kSucceeded || s == JobState::kFailed || s == JobState::kCancelled;
}

// True for the arrows above and for nothing else; a final state has no way out.
constexpr bool can_move(JobState from, JobState to) noexcept {
  if (is_final(from)) return false;
  if (to == JobState::kFailed || to == JobState::kCancelled) return true;
  switch (from) {
    case JobState::kQueued: return to == JobState::kPreparing;
    case JobState::kPreparing: return to == JobState::kSearching;
    case JobState::kSearching: return to == JobState::kPaused || to == JobState::kFinishing;
    case JobState::kPaused: return to == JobState::kSearching;
    case JobState::kFinishing: return to == JobState::kSucceeded;
    case JobState::kSucceeded:
    case JobState::kFailed:
    case JobState::kCancelled: return false;
  }
  return false;
}

constexpr std::string_view name_of(JobState s) noexcept {
  switch (s) {
    case JobState::kQueued: return "queued";
    case JobState::kPreparing: return "preparing";
    case JobState::kSearching: return "searching";
    case JobState::kPaused: return "paused";
    case JobState::kFinishing: return "finishing";
    case JobState::kSucceeded: return "succeeded";
    case JobState::kFailed: return "failed";
    case JobState::kCancelled: return "cancelled";
  }
  return "";
}

enum class Precision : std::uint8_t { kFp32, kInt8 };

constexpr std::string_view name_of(Precision p) noexcept {
  return p == Precision::kInt8 ? "int8" : "fp32";
}

// How far a job may repair what it removed.
enum class Recovery : std::uint8_t { kNone, kReconstruct };

enum class Metric : std::uint8_t { kMap5095, kLatencyMs, kBytes };

constexpr std::string_view name_of(Metric m) noexcept {
  switch (m) {
    case Metric::kMap5095: return "map_50_95";
    case Metric::kLatencyMs: return "latency_ms";
    case Metric::kBytes: return "bytes";
  }
  return "";
}

// A bound that a plan must keep to be worth anything: exactly one of `max` and `min`.
struct Constraint {
  Metric metric = Metric::kLatencyMs;
  std::optional<double> max;
  std::optional<double> min;
  std::string target;  // empty: on every target
  friend bool operator==(const Constraint&, const Constraint&) = default;
};

// What of the model may change.
struct SpaceLimits {
  bool width = true;
  double min_scale = 0.5;  // of the input's height and width
  double max_scale = 1.0;
  std::vector<Precision> precisions = {Precision::kFp32, Precision::kInt8};  // no duplicates
  friend bool operator==(const SpaceLimits&, const SpaceLimits&) = default;
};

struct Budget {
  int trials = 200;
  std::optional<double> seconds;  // since the search began
  friend bool operator==(const Budget&, const Budget&) = default;
};

struct NewJob {
  std::string model;                 // SHA-256, a prefix of it, or a name
  std::string dataset;               // the same
  std::vector<std::string> targets;  // names, at least one, no duplicates
  std::vector<Metric> objectives = {Metric::kMap5095, Metric::kLatencyMs};
  std::vector<Constraint> constraints;
  SpaceLimits space;
  Recovery recovery = Recovery::kReconstruct;
  std::string strategy = "nsga2";
  Budget budget;
  std::uint64_t seed = 1;
  friend bool operator==(const NewJob&, const NewJob&) = default;
};

}  // namespace pare
