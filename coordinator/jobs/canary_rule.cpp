#include "coordinator/jobs/canary_rule.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "core/check.h"

namespace pare::coordinator {
namespace {

// How far a measurement is from agreeing: the larger of the two shares.
struct Deviation {
  double drift = 0;
  double from_reference = 0;  // above 0: the device was slower than usual
  double worst() const { return std::max(std::abs(drift), std::abs(from_reference)); }
};

double reference_of(const std::string& device, const std::vector<CanaryReading>& readings) {
  std::vector<double> of_device;
  for (const CanaryReading& reading : readings) {
    if (reading.device_id == device) of_device.push_back(reading.reading_ms);
  }
  if (of_device.empty()) return 0;
  const auto middle = of_device.begin() + static_cast<std::ptrdiff_t>(of_device.size() / 2);
  std::ranges::nth_element(of_device, middle);
  if (of_device.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(of_device.begin(), middle)) / 2;
}

// A measurement without a canary says nothing against itself.
Deviation deviation_of(const MeasuredLatency& measured,
                       const std::vector<CanaryReading>& readings) {
  const auto reading = canary_of(measured.result);
  if (!reading) return {};
  const wire::CanaryResult& canary = *measured.result.canary;
  const double reference = reference_of(measured.device_id, readings);
  Deviation deviation{canary.after_ms / canary.before_ms - 1, 0};
  if (reference > 0) deviation.from_reference = *reading / reference - 1;
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

std::optional<double> canary_of(const wire::BenchmarkResult& result) {
  const auto& canary = result.canary;
  if (!canary || !(canary->before_ms > 0) || !(canary->after_ms > 0)) return std::nullopt;
  return (canary->before_ms + canary->after_ms) / 2;
}

LatencyChoice choose_latency(const std::vector<MeasuredLatency>& measured,
                             const std::vector<CanaryReading>& readings, bool last) {
  PARE_CHECK(!measured.empty(), "a choice between no measurements");
  std::optional<std::size_t> fastest;
  std::size_t closest = 0;
  std::vector<Deviation> deviations;
  for (std::size_t i = 0; i < measured.size(); ++i) {
    deviations.push_back(deviation_of(measured[i], readings));
    if (deviations[i].worst() < deviations[closest].worst()) closest = i;
    if (deviations[i].worst() > kMostDrift) continue;
    const bool faster =
        !fastest || measured[i].result.median_ms < measured[*fastest].result.median_ms;
    if (faster) fastest = i;
  }
  if (fastest) return {*fastest, false, {}};
  if (!last && measured.size() < kMostMeasurements) return {closest, true, {}};
  return {closest, false, words_of(deviations[closest])};
}

}  // namespace pare::coordinator
