// How long one candidate takes on one runtime, measured in the runtime's own process.
//
// Warm-up until the running median settles, then samples until the interval of the median is narrow
// or the budget ends; the harness times itself (docs/runtimes.md).  Whoever calls makes sure that
// nothing else runs on the device.  The canary is read before the candidate is loaded, unless the
// task before has just done so, and after it was timed, so that a machine that changes its speed
// meanwhile shows (docs/adr/0009).  What it answers is looked at once it was timed.  Layers are
// timed last, on a copy that was loaded for it: being watched, a candidate is slower.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/measurement.h"
#include "core/result.h"
#include "core/stopwatch.h"
#include "engine/graph/graph.h"
#include "engine/harness/harness.h"

namespace pare::engine {

struct BenchmarkOptions {
  int threads = 1;
  double parity_tolerance = 0;  // of float32; 0: no parity check
  int min_samples = 30;
  double max_seconds = 10;
  bool profile = false;             // also what each layer takes, where the runtime can tell
  std::filesystem::path kept = {};  // where a model that took long to load is kept; empty: nowhere
  std::filesystem::path canary = {};  // a file, where a reading is left for the next; empty: not
  std::filesystem::path executor_cache = {};  // a folder: what the executor compiled; empty: none
  Millis worth_keeping{500};                  // that long
  bool fingerprint = false;                   // also what it answers on the images, in few numbers
  std::string candidate_sha256 = {};          // for the evidence
  std::vector<std::string> scored = {};       // tensors that are compared; empty: the outputs
};

// With its samples.  `harness` was spawned, so that it starts while `images` are prepared.  They
// are inputs of the network: all are compared for parity, the first one is timed.  Fails as the
// harness does; with kUnsupported, naming the output, if one differs by more than the tolerance.
// Cost: the candidate is loaded once, and once more where what is scored are not its outputs; once
// for `profile`; the canary twice, or once.
// REQUIRES: at least one image.
Result<Measurement> benchmark(std::unique_ptr<Harness> harness,
                              const std::filesystem::path& candidate,
                              const std::vector<Tensor>& images, const BenchmarkOptions& options,
                              Stopwatch& watch);

}  // namespace pare::engine
