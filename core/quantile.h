// Order statistics of values that are sorted already.  Pure, any thread.
#pragma once

#include <span>

namespace pare {

// Linear between order statistics (type 7 of Hyndman and Fan, 1996).  REQUIRES: ascending, not
// empty, 0 <= share <= 1.
double quantile(std::span<const double> ascending, double share);

// The middle half of a normal distribution, in standard deviations.
inline constexpr double kMiddleHalfOfNormal = 1.349;

}  // namespace pare
