// What is stored beside a measurement, so that it can be defended later.
//
// Taken before and after the samples: a clock or a temperature that moved shows.  The JSON object
// is the `evidence` of docs/tasks.md; a fact that the machine does not tell is left out.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/harness/harness.h"
#include "host/facts.h"

namespace pare::engine {

struct Evidence {
  std::string runtime{};
  std::map<std::string, std::string> versions{};
  std::map<std::string, std::string> settings{};  // of the harness, from load
  std::string candidate_sha256{};
  int threads = 1;
  std::vector<int> cores{};
  host::MachineFacts machine{};
  host::MachineState before{};
  host::MachineState after{};
  int warmup_runs = 0;
  bool stationary = false;
  bool narrow = false;
  std::string no_layers{};  // why the layers were not timed; empty: they were, or nobody asked
};

// {"runtime", "versions", "settings", "candidate_sha256", "threads", "cores", "cpu_model",
//  "cpu_flags", "processor", "kernel", "memory_bytes", "before": {"governor", "frequency_mhz",
//  "temperature_celsius", "throttle_count", "load_average"}, "after": {...}, "warmup_runs",
//  "stationary", "narrow", "no_layers"?}
std::string to_json(const Evidence& evidence);

}  // namespace pare::engine
