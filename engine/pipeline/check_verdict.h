// From the numbers of a reality check to what a search must not try, and to sentences.  Pure.
//
// int8 counts as broken where its error is beyond both three times what exact int8 arithmetic shows
// and that plus 5 % of the output.  A placement is not worth trying where it is clearly slower than
// fp32 (by 5 %) at every width measured, depthwise layers in int8 where leaving them in fp32 is
// clearly faster at every width.  What is merely no faster stays in the search: other layers of a
// model may gain.
#pragma once

#include <string>
#include <vector>

#include "core/device_check.h"

namespace pare::engine {

inline constexpr double kClearlySlower = 1.05;

// True if exact int8 arithmetic explains the error.
bool is_explained(double error, double expected);

struct CheckVerdict {
  std::vector<AvoidRule> avoid;
  std::vector<std::string> findings;
};

// `runtime` is how sentences call it.
CheckVerdict judge(const std::string& runtime, const std::vector<CorrectnessProbe>& correctness,
                   const std::vector<KernelTiming>& kernels);

}  // namespace pare::engine
