// The canary: how fast a harness runs a small fixed network now (docs/adr/0009).
//
// The contract of harnesses knows one loaded model, so a reading replaces it: take one before the
// model that matters is loaded, and one after.  Cost: loading 0.15 MB, at most 50 ms of warm-up and
// a tenth of a second of samples, or twenty of them.
#pragma once

#include <filesystem>
#include <optional>

#include "core/result.h"
#include "core/units.h"
#include "engine/harness/harness.h"

namespace pare::engine {

// The median.  `folder` gets the network's file and what the runtime keeps of it, where it can, so
// that a later reading with the same folder loads faster.  Fails as the harness does.
Result<Millis> read_canary(Harness& harness, const std::filesystem::path& folder, int threads);

// So long ago a reading still says how fast the machine is: what was read after one candidate is
// what is read before the next.
inline constexpr Millis kCanaryHolds{2000};

// Leaves a reading in a file for the next task on the same runtime, threads and cores.  Where it
// cannot be written the next one reads for itself.
void leave_canary(const std::filesystem::path& file, Millis reading);

// The reading that was left, if it still holds, on this boot of the machine.
std::optional<Millis> left_canary(const std::filesystem::path& file, Millis holds = kCanaryHolds);

}  // namespace pare::engine
