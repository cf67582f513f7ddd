// What one candidate was measured to do on one target, with the unit in the type.
#pragma once

#include <string>
#include <variant>

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

struct Measurement {
  double map_50_95 = 0.0;        // COCO mAP@[.50:.95], in [0, 1]
  int images = 0;                // how many it was computed on
  std::string accuracy_runtime;  // what the accuracy was scored on
  Latency latency;
  Bytes weights;
  friend bool operator==(const Measurement&, const Measurement&) = default;
};

struct Infeasible {
  std::string reason;  // shown to the user as is
  friend bool operator==(const Infeasible&, const Infeasible&) = default;
};

// On one target a trial ended in exactly one of these ways; there is no "both" and no "neither".
using TargetOutcome = std::variant<Measurement, Infeasible>;

}  // namespace pare
