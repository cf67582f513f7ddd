// What a job optimises for: a pool of devices, the runtime on them, and its settings.
#pragma once

#include <string>
#include <vector>

#include "core/precision.h"

namespace pare {

struct Target {
  std::string name;
  std::string runtime;
  std::string pool = "default";
  int threads = 1;
  // Those it may be given; whether its runtime takes them is what its reality check says.
  std::vector<Precision> precisions = {kAllPrecisions.begin(), kAllPrecisions.end()};
  friend bool operator==(const Target&, const Target&) = default;
};

}  // namespace pare
