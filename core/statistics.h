// The statistics of A/B comparisons: a confidence sequence and verdicts.
//
// Pure functions.  Medians of timed runs with their intervals are in core/samples.h.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/names.h"

namespace pare {

struct ConfidenceInterval {
  double low = 0;
  double high = 0;
  friend bool operator==(const ConfidenceInterval&, const ConfidenceInterval&) = default;
};

// The middle value, or the mean of the two middle ones.  O(n).  REQUIRES: not empty, no NaN.
double median(std::span<const double> samples);

struct SequenceLook {
  double centre = 0;  // the most likely mean; inside the interval, whatever the data
  ConfidenceInterval interval;
};

// A confidence sequence of the mean of observations that may depend on the one before: valid at
// every n at once, so a user may look after each observation and stop whenever it pleases, for
// Gaussian noise that is autoregressive of first order with a correlation from 0 to 0.8 between
// neighbours, of any scale; independent observations are the case 0.  Nothing is decided on the
// way (no block length, no pilot), so nothing depends on when somebody looked.  Infinite below five
// observations and wherever the mixture says nothing yet.
//
// How: an e-value of each mean, the likelihood of the data under a mixture of other means and
// correlations over the best that any correlation gives under that mean; the interval holds the
// means whose e-value is below 1/alpha (Ville).  Both are likelihoods of what is left when the
// scale is divided out.  With the correlation 0 alone it is the t-mixture of Wang and Ramdas.
//
// Sources: Wasserman, Ramdas and Balakrishnan, Universal inference (2020), for the ratio to the
// best of the null; Wang and Ramdas, Anytime-valid t-tests and confidence sequences for Gaussian
// means with unknown variance (2023), for the scale.
//
// Cost: O(n + 100) times ten correlations.  REQUIRES: not empty, finite; 0 < alpha < 1.
SequenceLook confidence_sequence(std::span<const double> observations, double alpha);

enum class LatencyVerdict : std::uint8_t { kFaster, kSlower, kEquivalent, kInconclusive };
enum class AccuracyVerdict : std::uint8_t { kNotWorse, kWorse, kInconclusive };
enum class Verdict : std::uint8_t { kBetter, kNotBetter, kInconclusive };

inline constexpr std::array kLatencyVerdictNames = {
    Named<LatencyVerdict>{LatencyVerdict::kFaster, "FASTER"},
    Named<LatencyVerdict>{LatencyVerdict::kSlower, "SLOWER"},
    Named<LatencyVerdict>{LatencyVerdict::kEquivalent, "EQUIVALENT"},
    Named<LatencyVerdict>{LatencyVerdict::kInconclusive, "INCONCLUSIVE"},
};
inline constexpr std::array kAccuracyVerdictNames = {
    Named<AccuracyVerdict>{AccuracyVerdict::kNotWorse, "NOT_WORSE"},
    Named<AccuracyVerdict>{AccuracyVerdict::kWorse, "WORSE"},
    Named<AccuracyVerdict>{AccuracyVerdict::kInconclusive, "INCONCLUSIVE"},
};
inline constexpr std::array kVerdictNames = {
    Named<Verdict>{Verdict::kBetter, "BETTER"},
    Named<Verdict>{Verdict::kNotBetter, "NOT_BETTER"},
    Named<Verdict>{Verdict::kInconclusive, "INCONCLUSIVE"},
};
constexpr std::string_view name_of(LatencyVerdict verdict) noexcept {
  return name_in(kLatencyVerdictNames, verdict);
}
constexpr std::string_view name_of(AccuracyVerdict verdict) noexcept {
  return name_in(kAccuracyVerdictNames, verdict);
}
constexpr std::string_view name_of(Verdict verdict) noexcept {
  return name_in(kVerdictNames, verdict);
}

// Of B against A, from an interval of log(latency B / latency A).  Equivalent: all of it inside
// +-log(1 + margin).  That question is asked first, so "faster" is more than the margin can hide.
LatencyVerdict latency_verdict(ConfidenceInterval log_ratio, double margin);

// Of B against A, from an interval of mAP(B) - mAP(A): not worse if all of it is above -margin,
// worse if all of it is below.
AccuracyVerdict accuracy_verdict(ConfidenceInterval delta, double margin);

// Better means faster and not worse (intersection-union: each at level alpha, no correction).
Verdict overall_verdict(LatencyVerdict latency, AccuracyVerdict accuracy);

}  // namespace pare
