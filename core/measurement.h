// How long one candidate took on one target, with the unit in the type.
#pragma once

#include "core/units.h"

namespace pare {

// Median and spread over the timed runs that followed warm-up.
struct Latency {
  Millis median{};
  Millis low{};  // order-statistics interval of the median, 95 %
  Millis high{};
  int samples = 0;
  friend bool operator==(const Latency&, const Latency&) = default;
};

}  // namespace pare
