// Whether a runtime computes what the executor does: the check behind every accuracy that was
// scored on the executor alone (docs/adr/0006).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/stopwatch.h"
#include "engine/graph/runner.h"

namespace pare::engine {

// Half precision has ten bits of fraction, and two runtimes round at other places.
inline constexpr double kHalfTolerance = 10;  // times that of float32

struct Parity {
  int images = 0;
  // Of the output that is furthest from what it may be: its largest difference, over its range, the
  // worst of all images.  Infinite where one runtime has a number and the other none.
  double max_error = 0;
  double tolerance = 0;  // of that output, in its own element type
  std::string output;

  bool agrees() const noexcept { return max_error <= tolerance; }
};

// Outputs are matched by name.  Only those that hold floating-point numbers are compared: a label
// that falls to the other side of a draw is no other answer.  Numbers that are not finite agree
// with the same.  `tolerance` is that of float32.
//
// Fails as the runners do; with kInvalidArgument, naming the output and what was seen, if one is
// missing or of another type or shape; with kUnsupported if there is none to compare.
Result<Parity> compare_outputs(Runner& expected, Runner& actual, const std::vector<Tensor>& images,
                               double tolerance, Stopwatch& watch);

}  // namespace pare::engine
