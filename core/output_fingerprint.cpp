#include "core/output_fingerprint.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace pare {
namespace {

struct Difference {
  double share = 0;  // of the output's deviation
  std::string what;

  void take(double apart, double of, const std::string& of_what) {
    const double relative = std::abs(apart) / std::max(of, 1e-6);
    if (relative > share) *this = {relative, of_what};
  }
};

}  // namespace

std::string difference_between(const OutputFingerprint& scored, const OutputFingerprint& timed) {
  Difference worst;
  for (const auto& [name, there] : scored) {
    const auto at = timed.find(name);
    if (at == timed.end()) continue;
    const OutputMoments& here = at->second;
    const double deviation = std::max(there.deviation, here.deviation);
    const std::string output = "output \"" + name + "\": its ";
    worst.take(here.mean - there.mean, deviation, output + "mean");
    worst.take(here.deviation - there.deviation, deviation, output + "deviation");
    // One number out of thousands: as far from the mean as it lies, it may move.
    worst.take(here.peak - there.peak, std::max(deviation, there.peak - there.mean),
               output + "peak");
    worst.take(here.finite - there.finite, 1, output + "share of finite numbers");
  }
  if (!(worst.share > kFingerprintTolerance)) return {};
  char share[32];
  std::snprintf(share, sizeof share, "%.3g", worst.share * 100);
  return "the machine that timed it answers otherwise than the one that scored it, most of all "
         "in " +
         worst.what + " is " + share + " % of its spread away";
}

}  // namespace pare
