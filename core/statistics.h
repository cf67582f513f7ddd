// The statistics of measurements: medians with honest intervals, and A/B verdicts.
//
// Pure functions.  Sources: order-statistics intervals of a quantile, David and Nagaraja, Order
// Statistics (2003), section 7.1; t-mixture confidence sequences, Wang and Ramdas, Anytime-valid
// t-tests and confidence sequences for Gaussian means with unknown variance (2023).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace pare {

struct Interval {
  double low = 0;
  double high = 0;
  friend bool operator==(const Interval&, const Interval&) = default;
};

// The middle value, or the mean of the two middle ones.  O(n).  REQUIRES: not empty, no NaN.
double median(std::span<const double> samples);

// An interval between two order statistics that covers the median with at least `confidence`,
// whatever the distribution (exact binomial).  With too few samples for that (below 6 at 95 %) it
// is the whole range, which covers with less.  O(n log n).  REQUIRES: not empty, no NaN.
Interval median_interval(std::span<const double> samples, double confidence = 0.95);

// nullopt unless there are enough samples beyond the percentile to speak of it: 64 for p90, 662
// for p99.  The smallest sample that at least `percent` of the samples do not exceed.
// REQUIRES: percent is 90 or 99, no NaN.
std::optional<double> percentile(std::span<const double> samples, int percent);

// 0 where it is not defined (below three samples, or all equal).
double lag1_autocorrelation(std::span<const double> samples);

// Observations merged in pairs by their mean (an odd last one is dropped), while their lag-1
// autocorrelation exceeds 2/sqrt(n) and at least `min_blocks` pairs would remain.
std::vector<double> merge_correlated(std::vector<double> blocks, int min_blocks);

// A confidence sequence of the mean: valid at every n at once, so a user may look after each
// observation and stop whenever it pleases.  Infinite below five observations and wherever the
// mixture says nothing yet.  g weighs the mixture: smaller is tighter late and infinite longer.
Interval confidence_sequence(std::span<const double> observations, double alpha, double g = 1.0);

enum class LatencyVerdict : std::uint8_t { kFaster, kSlower, kEquivalent, kInconclusive };
enum class AccuracyVerdict : std::uint8_t { kNotWorse, kWorse, kInconclusive };
enum class Verdict : std::uint8_t { kBetter, kNotBetter, kInconclusive };

std::string_view name_of(LatencyVerdict verdict) noexcept;   // "FASTER", ...
std::string_view name_of(AccuracyVerdict verdict) noexcept;  // "NOT_WORSE", ...
std::string_view name_of(Verdict verdict) noexcept;          // "BETTER", ...

// Of B against A, from an interval of log(latency B / latency A).  Equivalent: all of it inside
// +-log(1 + margin).  That question is asked first, so "faster" is more than the margin can hide.
LatencyVerdict latency_verdict(Interval log_ratio, double margin);

// Of B against A, from an interval of mAP(B) - mAP(A): not worse if all of it is above -margin,
// worse if all of it is below.
AccuracyVerdict accuracy_verdict(Interval delta, double margin);

// Better means faster and not worse (intersection-union: each at level alpha, no correction).
Verdict overall_verdict(LatencyVerdict latency, AccuracyVerdict accuracy);

}  // namespace pare
