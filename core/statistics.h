// The statistics of A/B comparisons: confidence sequences and verdicts.
//
// Pure functions.  Medians of timed runs with their intervals are in core/samples.h.  Source of the
// confidence sequence: Wang and Ramdas, Anytime-valid t-tests and confidence sequences for Gaussian
// means with unknown variance (2023).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace pare {

struct ConfidenceInterval {
  double low = 0;
  double high = 0;
  friend bool operator==(const ConfidenceInterval&, const ConfidenceInterval&) = default;
};

// The middle value, or the mean of the two middle ones.  O(n).  REQUIRES: not empty, no NaN.
double median(std::span<const double> samples);

// 0 where it is not defined (below three samples, or all equal).
double lag1_autocorrelation(std::span<const double> samples);

// Observations merged in pairs by their mean (an odd last one is dropped), while their lag-1
// autocorrelation exceeds 2/sqrt(n) and at least `min_blocks` pairs would remain.
std::vector<double> merge_correlated(std::vector<double> blocks, int min_blocks);

// A confidence sequence of the mean: valid at every n at once, so a user may look after each
// observation and stop whenever it pleases.  Infinite below five observations and wherever the
// mixture says nothing yet.  g weighs the mixture: smaller is tighter late and infinite longer.
ConfidenceInterval confidence_sequence(std::span<const double> observations, double alpha,
                                       double g = 1.0);

enum class LatencyVerdict : std::uint8_t { kFaster, kSlower, kEquivalent, kInconclusive };
enum class AccuracyVerdict : std::uint8_t { kNotWorse, kWorse, kInconclusive };
enum class Verdict : std::uint8_t { kBetter, kNotBetter, kInconclusive };

std::string_view name_of(LatencyVerdict verdict) noexcept;   // "FASTER", ...
std::string_view name_of(AccuracyVerdict verdict) noexcept;  // "NOT_WORSE", ...
std::string_view name_of(Verdict verdict) noexcept;          // "BETTER", ...

// Of B against A, from an interval of log(latency B / latency A).  Equivalent: all of it inside
// +-log(1 + margin).  That question is asked first, so "faster" is more than the margin can hide.
LatencyVerdict latency_verdict(ConfidenceInterval log_ratio, double margin);

// Of B against A, from an interval of mAP(B) - mAP(A): not worse if all of it is above -margin,
// worse if all of it is below.
AccuracyVerdict accuracy_verdict(ConfidenceInterval delta, double margin);

// Better means faster and not worse (intersection-union: each at level alpha, no correction).
Verdict overall_verdict(LatencyVerdict latency, AccuracyVerdict accuracy);

}  // namespace pare
