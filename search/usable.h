// What the search can take of an observation.
//
// Objectives and violations come from measurements, weights and bounds that others made.  A target
// that says a number that is none (not a number, infinite, or beyond any metric) says nothing of
// the plan: there the plan is infeasible, which is information.  Pure; any thread.
#pragma once

#include <memory>

#include "search/strategy.h"

namespace pare::search {

// Objectives are within +-kLargest, and so small that only a rounding made them are 0; violations
// are cut to the same; times of layers that are none are left out.
inline constexpr double kLargest = 1e12;
Observation usable(Observation seen);

// A strategy that is told what is usable of all that it is told.
std::unique_ptr<Strategy> told_usable(std::unique_ptr<Strategy> inner);

}  // namespace pare::search
