#include "coordinator/jobs/canary_rule.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "core/check.h"
#include "core/statistics.h"

namespace pare::coordinator {
namespace {

constexpr std::size_t kFewestForSpread = 6;  // readings, before they say how far they spread
constexpr double kDeviations = 3;            // beyond these a reading is an odd one
constexpr double kMadOfNormal = 0.6745;      // median absolute deviation of a standard normal

// The readings of one device.
struct Usual {
  double reference = 0;                // their median; 0: there are none
  double tolerance = kLeastTolerance;  // as a share of the reference
  double moved_to = 0;                 // the speed since it has moved; 0: it has not
};

// How far a measurement is from agreeing.
struct Deviation {
  double drift = 0;                // half of it lies on either side of the reading
  double from_reference = 0;       // above 0: the device was slower than usual
  std::optional<double> from_now;  // the same from the speed that it has moved to
  double tolerance = kLeastTolerance;
  double worst_from(double speed) const { return std::max(std::abs(drift) / 2, std::abs(speed)); }
  double worst() const { return worst_from(from_reference); }
  bool agrees() const { return worst() <= tolerance; }
  bool agrees_now() const { return from_now && worst_from(*from_now) <= tolerance; }
};

// The median of the last readings, where all of them are near it and it is not near the reference.
double moved_to(const std::vector<double>& readings, const Usual& usual) {
  if (readings.size() < 2 * kMovedReadings) return 0;  // or they are what is usual
  const std::vector<double> last(readings.end() - kMovedReadings, readings.end());
  const double now = median(last);
  const auto near = [&](double reading) { return std::abs(reading / now - 1) <= usual.tolerance; };
  const bool settled = now > 0 && std::ranges::all_of(last, near);
  const bool elsewhere = std::abs(now / usual.reference - 1) > usual.tolerance;
  return settled && elsewhere ? now : 0;
}

Usual usual_of(const std::string& device, const std::vector<CanaryReading>& readings) {
  std::vector<double> of_device;
  for (const CanaryReading& reading : readings) {
    if (reading.device_id == device) of_device.push_back(reading.reading_ms);
  }
  Usual usual;
  if (of_device.empty()) return usual;
  usual.reference = median(of_device);
  if (of_device.size() < kFewestForSpread || !(usual.reference > 0)) return usual;
  std::vector<double> deviations;
  deviations.reserve(of_device.size());
  for (const double reading : of_device) {
    deviations.push_back(std::abs(reading / usual.reference - 1));
  }
  usual.tolerance =
      std::clamp(kDeviations * median(deviations) / kMadOfNormal, kLeastTolerance, kMostTolerance);
  usual.moved_to = moved_to(of_device, usual);
  return usual;
}

// A measurement without a canary says nothing against itself.
Deviation deviation_of(const MeasuredLatency& measured,
                       const std::vector<CanaryReading>& readings) {
  const auto reading = canary_of(measured.result);
  if (!reading) return {};
  const CanaryPair& canary = *measured.result.canary;
  const Usual usual = usual_of(measured.device_id, readings);
  Deviation deviation{.drift = canary.after_ms / canary.before_ms - 1,
                      .from_now = {},
                      .tolerance = usual.tolerance};
  if (usual.reference > 0) deviation.from_reference = *reading / usual.reference - 1;
  if (usual.moved_to > 0) deviation.from_now = *reading / usual.moved_to - 1;
  return deviation;
}

std::string words_of(const Deviation& deviation) {
  char text[160];
  if (std::abs(deviation.drift) >= std::abs(deviation.from_reference)) {
    std::snprintf(text, sizeof text, "the canary became %.1f %% %s while it was measured",
                  100 * std::abs(deviation.drift), deviation.drift > 0 ? "slower" : "faster");
  } else {
    std::snprintf(text, sizeof text, "the canary was %.1f %% %s than usual in this job",
                  100 * std::abs(deviation.from_reference),
                  deviation.from_reference > 0 ? "slower" : "faster");
  }
  return text;
}

}  // namespace

std::optional<double> canary_of(const Measurement& result) {
  const auto& canary = result.canary;
  if (!canary || !(canary->before_ms > 0) || !(canary->after_ms > 0)) return std::nullopt;
  return (canary->before_ms + canary->after_ms) / 2;
}

LatencyChoice choose_latency(const std::vector<MeasuredLatency>& measured,
                             const std::vector<CanaryReading>& readings, bool last) {
  PARE_CHECK(!measured.empty(), "a choice between no measurements");
  std::optional<std::size_t> usual, now;  // the fastest of those that agree with either
  std::size_t closest = 0;
  std::vector<Deviation> deviations;
  const auto keep_faster = [&](std::optional<std::size_t>& fastest, std::size_t i) {
    if (!fastest || measured[i].result.median < measured[*fastest].result.median) fastest = i;
  };
  for (std::size_t i = 0; i < measured.size(); ++i) {
    deviations.push_back(deviation_of(measured[i], readings));
    if (deviations[i].worst() < deviations[closest].worst()) closest = i;
    if (deviations[i].agrees()) keep_faster(usual, i);
    if (deviations[i].agrees_now()) keep_faster(now, i);
  }
  if (usual) return {.kept = *usual, .again = false, .suspect = {}};
  if (now) {
    return {.kept = *now, .again = false, .suspect = words_of(deviations[*now]), .moved = true};
  }
  if (!last && measured.size() < kMostMeasurements) {
    return {.kept = closest, .again = true, .suspect = {}};
  }
  return {.kept = closest, .again = false, .suspect = words_of(deviations[closest])};
}

}  // namespace pare::coordinator
