// What a runtime on this device is worth to a search, measured before it: is int8 right, which
// kernels are fast in which precision.
//
// Small networks are quantized as candidates are (insert_qdq, every placement, 8 and 7 bits), run
// in the target's harness and compared with fp32 and with exact int8 arithmetic on the executor,
// while a second harness loads the kernels ahead where the runtime keeps what it compiled; then
// chains of layers are timed by class, width and precision, the variants of one width one after the
// other, round after round, the fastest round counting; a third round is for those whose first two
// do not agree.  Whoever calls makes sure that nothing else runs on the device.  Cost: two hundred
// loads of small models, most of them from what the runtime kept where it can, ended by
// `max_seconds`; on a slow device the later kernels are then missing.  Threads: three while nothing
// is timed, then one.
#pragma once

#include "core/device_check.h"
#include "core/result.h"
#include "engine/harness/harness.h"
#include "engine/pipeline/progress.h"

namespace pare::engine {

struct RealityCheckOptions {
  HarnessOptions harness;
  int threads = 1;
  bool int8 = true;
  double max_seconds = 40;
  std::vector<int> widths = {16, 24, 32, 48, 64, 96, 128};  // ascending
  int size = 24;                                            // of the kernels' tensors
  int rounds = 3;                                           // at most
};

// Fails if the harness does not start, or cannot be started again.  A runtime that does not run a
// small fp32 network is a result: `refused`.  A model that ends the harness is one, too, and a new
// harness takes over.
Result<DeviceCheck> reality_check(const RealityCheckOptions& options, const Progress& progress);

}  // namespace pare::engine
