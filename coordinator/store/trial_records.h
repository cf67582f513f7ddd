// Trials and the search log as the store holds them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.h"
#include "core/units.h"

namespace pare::coordinator {

struct TrialCounts {
  int asked = 0;
  int finished = 0;
  int failed = 0;
};

// Some trials of a job, as they were at one of its revisions.
struct TrialsUpTo {
  std::set<int> numbers;
  std::int64_t revision = 0;
};

enum class TrialState : std::uint8_t { kRunning, kFinished, kFailed };
enum class TrialOrigin : std::uint8_t { kSeed, kSearch };

// What an accuracy is on validation images that the search does not go by.
struct HeldBackAccuracy {
  double map_50_95 = 0.0;
  int images = 0;
  std::vector<double> draws = {};  // as of the others
};

struct AccuracyRecord {
  double map_50_95 = 0.0;
  int images = 0;
  std::string runtime;            // what it was scored on: "executor" or a runtime's name
  std::string detections_sha256;  // empty: none stored
  std::map<std::string, double> figures = {};  // others that the job asks about, by metric
  std::vector<double> draws = {};              // on halves of the images (wire/task_results.h)
  // Scored on some images only, because a faster trial is surely more accurate; what all of them
  // are expected to give.
  std::optional<double> expected = {};
  // Why it may not hold on the target: its outputs there are not those that were scored.
  std::string alarm = {};
  std::optional<HeldBackAccuracy> held_back = {};
};

// An accuracy of a candidate that some trial was given, with all that it was made by.
struct StoredAccuracy {
  std::string identity_json;
  AccuracyRecord accuracy;
  std::string accuracy_json;  // the result of `evaluate`
};

struct LatencyRecord {
  Millis median{};
  Millis low{};
  Millis high{};
  int samples = 0;
  std::string suspect = {};            // why it is to be taken with care; empty: it is not
  std::int64_t peak_memory_bytes = 0;  // of the runtime's process meanwhile
  std::map<std::string, double> layers_ms = {};  // what each layer takes; empty: not timed
  std::string processor = {};  // its kind where this was measured; empty: not told
  // What it answered there, until there is an accuracy to hold it against.
  std::string fingerprint_json = {};
};

// What is known of a trial on one target; ends with both an accuracy and a latency, or a reason.
struct TargetRecord {
  std::optional<AccuracyRecord> accuracy;
  std::optional<LatencyRecord> latency;
  // Measured once more when the search was over, of those on a front: chosen by their first
  // latency, they look faster in it than they are.
  std::optional<LatencyRecord> confirmed = {};
  std::string infeasible;  // why; empty: feasible as far as is known

  // What is reported: the second measurement, where there is one.
  const std::optional<LatencyRecord>& reported_latency() const noexcept {
    return confirmed ? confirmed : latency;
  }
};

// The bulk behind a TargetRecord, read one at a time.
struct TargetEvidence {
  std::string accuracy_json;       // the result of `evaluate`
  std::vector<double> samples_ms;  // in the order they were taken
  std::string latency_json;        // the result of `benchmark` without its samples
  std::vector<double> confirmed_samples_ms = {};
  std::string confirmed_json = {};
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
  std::string unreadable = {};  // why the row cannot be read (records.h); empty: it can
};

enum class SearchStep : std::uint8_t { kAsk, kTell };

// One entry of a job's search log, dense from 1, in the order it happened: what restores a
// strategy.
struct SearchLogEntry {
  int seq = 0;
  SearchStep step = SearchStep::kAsk;
  std::string payload_json;
};

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

}  // namespace pare::coordinator
