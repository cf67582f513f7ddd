// What a job optimises for: a pool of devices, the runtime on them, and its settings.
#pragma once

#include <string>
#include <vector>

#include "core/job.h"

namespace pare {

struct Target {
  std::string name;
  std::string runtime;
  std::string pool = "default";
  int threads = 1;
  std::vector<Precision> precisions = {Precision::kFp32, Precision::kInt8};
  friend bool operator==(const Target&, const Target&) = default;
};

}  // namespace pare
