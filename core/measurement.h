// How long one candidate took on one target, and what else was seen meanwhile: one record from the
// engine that measures to the store, the fronts and the API.  Its JSON is wire/measurement_json.h,
// and PostgreSQL holds it as that.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/output_fingerprint.h"
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

// How far the outputs there are from the executor's.
struct Parity {
  int images = 0;
  // Of the output that is furthest from what it may be: its largest difference, over its range, the
  // worst of all images.  Infinite where one runtime has a number and the other none.
  double max_error = 0;
  double tolerance = 0;     // of that output, in its own element type
  std::string output = {};  // its name; empty: measured by a version that did not say

  bool agrees() const noexcept { return max_error <= tolerance; }
  friend bool operator==(const Parity&, const Parity&) = default;
};

// Readings of the canary (docs/adr/0009) in the harness that timed the candidate.
struct CanaryPair {
  double before_ms = 0;
  double after_ms = 0;
  friend bool operator==(const CanaryPair&, const CanaryPair&) = default;
};

struct Measurement : Latency {
  std::optional<Millis> p90;
  Millis load{};
  std::int64_t peak_memory_bytes = 0;  // of the runtime's process meanwhile
  std::optional<Parity> parity;
  std::optional<CanaryPair> canary;  // absent in what was measured before there was one
  // What each layer takes with what runs behind it, by its name; empty: not timed, or the runtime
  // does not tell.  They add up to more than the latency: being measured takes time.
  std::map<std::string, double> layers_ms;
  OutputFingerprint fingerprint;     // what it answered there; empty: not asked for
  std::string evidence_json = "{}";  // an object; its fields are the probe's business
  std::string processor;             // its kind, as the evidence says; empty: not told
  std::string samples_sha256;        // the artifact with all samples (wire/measurement_json.h)
  std::vector<double> samples_ms;    // before there is one; earlier versions sent them along
  std::string suspect;               // why it is to be taken with care; empty: nobody says so
  friend bool operator==(const Measurement&, const Measurement&) = default;
};

}  // namespace pare
