// Records with the few things in them that a test is about.
#pragma once

#include <string>

#include "core/accuracy.h"
#include "core/measurement.h"

namespace pare::coordinator {

inline Accuracy scored(double map, int images, std::string detections = {}) {
  Accuracy accuracy;
  accuracy.map_50_95 = map;
  accuracy.images = images;
  accuracy.runtime = "executor";
  accuracy.detections_sha256 = std::move(detections);
  return accuracy;
}

// The interval is as wide as `spread` says, to both sides.
inline Measurement timed(double ms, double spread = 0) {
  Measurement latency;
  static_cast<Latency&>(latency) = {Millis(ms), Millis(ms * (1 - spread)),
                                    Millis(ms * (1 + spread)), 64};
  return latency;
}

}  // namespace pare::coordinator
