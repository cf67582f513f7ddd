// Is a runtime right?  Small networks in int8 and in shorter floats, beside fp32 and beside exact
// int8 arithmetic on the executor.  Nothing is timed: the executor computes in a thread of its own
// while the runtime does.  Cost: six int8 networks of each small one, some 50 ms each.
#pragma once

#include <vector>

#include "core/device_check.h"
#include "core/result.h"
#include "engine/pipeline/probe_harness.h"
#include "engine/pipeline/progress.h"

namespace pare::engine {

// Fails if the harness cannot be started again, or the executor fails.  What the runtime refuses or
// what ends it is a result.
Result<std::vector<CorrectnessProbe>> probe_int8(ProbeHarness& harness, const Progress& progress);

// Each with its `error`, the worst of all networks, or `why_not`.
Result<std::vector<FloatCheck>> probe_floats(ProbeHarness& harness, std::vector<FloatCheck> floats,
                                             const Progress& progress);

}  // namespace pare::engine
