// Trials and the search log as the store holds them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/accuracy.h"
#include "core/ids.h"
#include "core/measurement.h"
#include "core/names.h"
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
enum class TrialOrigin : std::uint8_t {
  kSeed,
  kSearch,
  kTuned,  // a member of a front with weights of its own: no choice of the search, and not told it
};

// An accuracy of a candidate that some trial was given, with all that it was made by.
struct StoredAccuracy {
  std::string identity_json;
  Accuracy accuracy;
};

// What is known of a trial on one target; ends with both an accuracy and a latency, or a reason.
struct TargetRecord {
  std::optional<Accuracy> accuracy;
  std::optional<Measurement> latency;
  // Measured once more when the search was over, of those on a front: chosen by their first
  // latency, they look faster in it than they are.
  std::optional<Measurement> confirmed;
  std::string infeasible;  // why; empty: feasible as far as is known

  // What is reported: the second measurement, where there is one.
  const std::optional<Measurement>& reported_latency() const noexcept {
    return confirmed ? confirmed : latency;
  }
};

// The samples of a target's measurements that an earlier version kept in the row, in the order they
// were taken; empty: there are none, or they are artifacts (Measurement::samples_sha256).
struct SamplesInRow {
  std::vector<double> latency_ms;
  std::vector<double> confirmed_ms;
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

inline constexpr std::array kTrialStateNames = {
    Named<TrialState>{TrialState::kRunning, "running"},
    Named<TrialState>{TrialState::kFinished, "finished"},
    Named<TrialState>{TrialState::kFailed, "failed"},
};
constexpr std::string_view name_of(TrialState s) noexcept {
  return name_in(kTrialStateNames, s);
}
inline constexpr std::array kTrialOriginNames = {
    Named<TrialOrigin>{TrialOrigin::kSeed, "seed"},
    Named<TrialOrigin>{TrialOrigin::kSearch, "search"},
    Named<TrialOrigin>{TrialOrigin::kTuned, "tuned"},
};
constexpr std::string_view name_of(TrialOrigin o) noexcept {
  return name_in(kTrialOriginNames, o);
}
inline constexpr std::array kSearchStepNames = {
    Named<SearchStep>{SearchStep::kAsk, "ask"},
    Named<SearchStep>{SearchStep::kTell, "tell"},
};
constexpr std::string_view name_of(SearchStep s) noexcept {
  return name_in(kSearchStepNames, s);
}

}  // namespace pare::coordinator
