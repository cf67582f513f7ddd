// The tuning of a job: members of its fronts, each trained alone when the search is over.
//
// Plain values; any thread.  The JSON is in wire/tuning_json.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pare {

enum class TuningState : std::uint8_t {
  kUnderWay,  // or waiting for somebody who trains
  kTuned,     // better on images held out: it is a trial of its own
  kKept,      // no better: the member stays as it was
  kFailed,
};

struct TunedMember {
  int trial = 0;  // that was chosen
  TuningState state = TuningState::kUnderWay;
  int tuned_trial = 0;  // that it became; 0: none
  // Distances to the original on images held out; both 0 while nobody knows.
  double before = 0;
  double after = 0;
  std::string reason = {};  // of what was not to be
  friend bool operator==(const TunedMember&, const TunedMember&) = default;
};

struct Tuning {
  std::vector<TunedMember> members;  // in the order in which they were chosen
  friend bool operator==(const Tuning&, const Tuning&) = default;
};

// How many are trained no more.
inline int ended(const Tuning& tuning) {
  int count = 0;
  for (const TunedMember& member : tuning.members) {
    count += member.state == TuningState::kUnderWay ? 0 : 1;
  }
  return count;
}

}  // namespace pare
