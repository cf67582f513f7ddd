// From the numbers of a reality check to what a search must not try, and to sentences.  Pure.
//
// int8 counts as broken where its error is beyond both three times what exact int8 arithmetic shows
// and that plus 5 % of the output.  A placement is not worth trying where it is clearly slower than
// fp32 (by 5 %) at every width measured, depthwise layers in int8 where leaving them in fp32 is
// clearly faster at every width.  What is merely no faster stays in the search: other layers of a
// model may gain.  A shorter floating-point type is of no use where its outputs are far off, or
// where it is clearly slower than fp32 at every width of every kernel.
#pragma once

#include <string>
#include <vector>

#include "core/device_check.h"

namespace pare::engine {

inline constexpr double kClearlySlower = 1.05;

// True if exact int8 arithmetic explains the error.
bool is_explained(double error, double expected);

// Of a shorter floating-point type: by more its outputs may not differ from fp32.
inline constexpr double kMostFloatError = 0.05;

struct CheckVerdict {
  std::vector<AvoidRule> avoid;
  std::vector<FloatCheck> floats;  // with why they are of no use
  std::vector<std::string> findings;
};

// `runtime` is how sentences call it.
CheckVerdict judge(const std::string& runtime, const std::vector<CorrectnessProbe>& correctness,
                   const std::vector<KernelTiming>& kernels,
                   const std::vector<FloatCheck>& floats = {});

}  // namespace pare::engine
