// Whether a runtime computes what the executor does: the check behind every accuracy that was
// scored on the executor alone (docs/adr/0006).
#pragma once

#include <cstddef>
#include <vector>

#include "core/measurement.h"
#include "core/result.h"
#include "core/stopwatch.h"
#include "engine/graph/runner.h"

namespace pare::engine {

// Half precision has ten bits of fraction, and two runtimes round at other places.
inline constexpr double kHalfTolerance = 10;  // times that of float32

// Outputs are matched by name.  Only those that hold floating-point numbers are compared: a label
// that falls to the other side of a draw is no other answer.  Numbers that are not finite agree
// with the same.  `tolerance` is that of float32.
//
// Fails as the runners do; with kInvalidArgument, naming the output and what was seen, if one is
// missing or of another type or shape; with kUnsupported if there is none to compare.
Result<Parity> compare_outputs(Runner& expected, Runner& actual, const std::vector<Tensor>& images,
                               double tolerance, Stopwatch& watch);

}  // namespace pare::engine
