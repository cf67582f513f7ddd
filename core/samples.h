// From timed runs to a median with its interval: the one place that knows the formulas.
//
// The interval of the median is that of order statistics: with n samples, x_(k) to x_(n+1-k) where
// k is the largest rank with 2 P(Binomial(n, 1/2) < k) <= 0.05 (Hahn and Meeker, Statistical
// Intervals, 5.2).  It assumes nothing about the distribution; it does assume that samples are
// independent, which on a machine whose clock drifts they are not quite.  Below 6 samples no such
// interval exists: the whole range is given.
//
// summarize() sorts a copy: O(n log n).  Pure functions, any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "core/measurement.h"

namespace pare {

// Lower rank of the interval, counted from 0; the upper one is n - 1 - rank.  REQUIRES: n > 0.
std::size_t median_interval_rank(std::size_t n);

// REQUIRES: not empty.
Latency summarize(std::span<const double> samples_ms);

// Half the interval over the median: what "narrow" means.  REQUIRES: not empty.
double relative_half_width(std::span<const double> samples_ms);

// Nearest rank.  Fewer samples than the percentile needs (64 for p90, 662 for p99: MLPerf LoadGen's
// early stopping with one sample over) give nothing rather than a figure that means nothing.
std::optional<Millis> p90(std::span<const double> samples_ms);
std::optional<Millis> p99(std::span<const double> samples_ms);

}  // namespace pare
