// What a detector answers on a few images, in so few numbers that they travel with a result: enough
// to see that the machine that timed a candidate computes something else than the one that scored
// it (int8 products that saturate, kernels that round at other places), not enough to say by how
// many points.
//
// Pure, any thread, linear in the number of outputs.
#pragma once

#include <map>
#include <string>

namespace pare {

// Of all numbers of an output that are finite, over all images.
struct OutputMoments {
  double mean = 0;
  double deviation = 0;
  double peak = 0;    // the largest
  double finite = 1;  // share of the numbers
  friend bool operator==(const OutputMoments&, const OutputMoments&) = default;
};

using OutputFingerprint = std::map<std::string, OutputMoments>;  // by the output's name

// How far moments may be apart, as a share of the output's deviation, before two machines are said
// to answer differently.  Kernels that compute the same leave them a hundred times closer
// (docs/adr/0026).
inline constexpr double kFingerprintTolerance = 0.05;

// What differs most, as a sentence; empty: nothing does, or there is nothing to compare.
std::string difference_between(const OutputFingerprint& scored, const OutputFingerprint& timed);

}  // namespace pare
