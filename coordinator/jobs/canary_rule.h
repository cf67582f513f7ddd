// Whether a latency can be believed, from how fast its device ran the canary meanwhile
// (docs/adr/0009).  Pure.
//
// A reading of the canary, the mean of before the candidate and after it, agrees if it lies near
// the reference: the median of that device's readings for this target in the job, of its reality
// check and of the measurements that were kept; and if before and after lie near it.  Near is
// kLeastTolerance, or three deviations of those readings where that is more, up to kMostTolerance.
// A measurement that does not agree is made again, at most twice: unless the device has moved to
// another speed, which its last kMovedReadings readings tell by agreeing with each other and not
// with the reference. What agrees with those would come out the same again: it is taken, and
// marked.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coordinator/store/records.h"
#include "wire/task_results.h"

namespace pare::coordinator {

inline constexpr double kLeastTolerance = 0.03;
inline constexpr double kMostTolerance = 0.10;
inline constexpr std::size_t kMostMeasurements = 3;
inline constexpr std::size_t kMovedReadings = 3;

struct MeasuredLatency {
  Measurement result;
  std::string device_id;
};

// The mean of before and after; nullopt: there was no canary.
std::optional<double> canary_of(const Measurement& result);

struct LatencyChoice {
  std::size_t kept = 0;  // index of the measurement that counts, unless it is to be made again
  bool again = false;
  std::string suspect;  // why the kept one is to be taken with care; empty: it is not
  bool moved = false;   // it agrees with the speed that its device has moved to
};

// `measured`: all of one candidate on one target, oldest first; `readings`: what the reference is
// taken from, oldest first, none of them of `measured`.  Without any, only drift counts.  The
// fastest of those that agree is kept; if none does, the fastest of those that agree with the speed
// that the device has moved to; if none does, the one that comes closest.  `last`: it is not made
// again whatever comes out. REQUIRES: at least one measurement.  O(readings log readings).
LatencyChoice choose_latency(const std::vector<MeasuredLatency>& measured,
                             const std::vector<CanaryReading>& readings, bool last);

}  // namespace pare::coordinator
