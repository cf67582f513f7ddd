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
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.h"
#include "core/metric.h"
#include "core/plan.h"
#include "core/precision.h"

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

// How far a job may repair what it removed.
enum class Recovery : std::uint8_t { kNone, kReconstruct };

inline constexpr double kMostTrainingMinutes = 24 * 60;

// A super-network that what a plan leaves of the model takes its weights from: one that is there
// (`from`: its SHA-256, or at least 8 digits of it), else one that is trained for so long.
struct SupernetWish {
  double minutes = 60;
  std::string from = {};    // empty: it is trained
  double int8_minutes = 0;  // trained for int8 as well, for so long; 0: it is not
  friend bool operator==(const SupernetWish&, const SupernetWish&) = default;
};

// So many members of the fronts are trained alone when the search is over, each for so long, and
// measured again.
struct DistillWish {
  int plans = 3;
  double minutes = 5;
  friend bool operator==(const DistillWish&, const DistillWish&) = default;
};
inline constexpr int kMostTunedPlans = 50;

// A bound that a plan must keep to be worth anything: exactly one of `max` and `min`.
struct Constraint {
  Metric metric{MetricKind::kLatencyMs};
  std::optional<double> max;
  std::optional<double> min;
  std::string target;  // empty: on every target
  friend bool operator==(const Constraint&, const Constraint&) = default;
};

// What of the model may change.
struct SpaceLimits {
  bool width = true;
  bool depth = true;       // blocks may go
  bool kernels = true;     // windows may be smaller
  bool storage = true;     // weights may stand in fewer bits, where bytes count
  double min_scale = 0.5;  // of the input's height and width
  double max_scale = 1.0;
  bool bytes_count = false;  // follows from the job's metrics: no document says it
  // No duplicates; of these, those that a target takes.
  std::vector<Precision> precisions = {kAllPrecisions.begin(), kAllPrecisions.end()};
  friend bool operator==(const SpaceLimits&, const SpaceLimits&) = default;
};

// From so many labelled validation images on, half of them are held back unless a job says
// otherwise: with fewer, each half says too little.
inline constexpr int kFewestToHoldBack = 200;
inline constexpr double kHeldBackByDefault = 0.5;

// Which validation images a search may go by.
struct Validation {
  std::optional<double> held_back;  // share that only checks what was chosen; absent: the default
  // Ways of preparing images are tried before the search; false: the card is certain.
  bool try_preprocessings = true;
  friend bool operator==(const Validation&, const Validation&) = default;
};

// A search ends with whichever comes first.
struct Budget {
  int trials = 200;
  std::optional<double> seconds;         // since the search began
  std::optional<double> device_seconds;  // that devices spent on its tasks
  // Ends when so many trials in a row have raised no front's hypervolume by more than 0.1 %.
  std::optional<int> stagnation;
  friend bool operator==(const Budget&, const Budget&) = default;
};

// What a search with several targets looks for.
enum class Across : std::uint8_t {
  kEach,   // a front on each
  kWorst,  // one front, of what a plan reaches on the target where it does worst
};

// What to try right after the original: exactly one of the three.
struct StartingPoint {
  std::optional<Plan> plan;
  std::string sha256;             // of a plan that some job has tried, or a prefix
  std::optional<JobId> front_of;  // every plan on the fronts of that job
  friend bool operator==(const StartingPoint&, const StartingPoint&) = default;
};

// An earlier job on the same model and dataset, whose plans are to be tried on new targets: first
// the most informative ones, then those that these make promising.
struct TransferFrom {
  JobId from;
  int measure = 16;  // plans, before anything is predicted
  friend bool operator==(const TransferFrom&, const TransferFrom&) = default;
};

struct NewJob {
  std::string model;                 // SHA-256, a prefix of it, or a name
  std::string dataset;               // the same
  std::vector<std::string> targets;  // names, at least one, no duplicates
  // One to five, no duplicates: one is a goal ("fastest", with a constraint on accuracy), several
  // are a front.
  std::vector<Metric> objectives = {{MetricKind::kMap5095}, {MetricKind::kLatencyMs}};
  std::vector<Constraint> constraints;
  Across across = Across::kEach;
  // kWorst: what a millisecond of a target counts for, 1 where none is named.
  std::map<std::string, double> weights;
  std::vector<StartingPoint> begin_with;
  std::optional<TransferFrom> transfer;
  SpaceLimits space;
  Validation validation;
  Recovery recovery = Recovery::kReconstruct;
  std::optional<SupernetWish> supernet;  // only beside kReconstruct, which it goes on from
  std::optional<DistillWish> distill;    // the same; it goes on from a super-network's where one is
  std::string strategy = "pare";
  Budget budget;
  std::uint64_t seed = 1;
  friend bool operator==(const NewJob&, const NewJob&) = default;
};

}  // namespace pare
