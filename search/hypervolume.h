// How much of the space of objectives a set of points dominates, up to a reference point.
//
// Every objective is minimised.  Exact.  Two objectives: a sweep, O(n log n); more: the points'
// exclusive contributions added up (While, Bradstreet and Barone, A Fast Way of Calculating Exact
// Hypervolumes, 2012), exponential in the number of objectives and fine for the fronts of a job.
#pragma once

#include <span>
#include <vector>

namespace pare::search {

// A point that is not below the reference everywhere adds nothing.
// REQUIRES: every point as long as the reference, which is not empty; no NaN.
double hypervolume(std::span<const std::vector<double>> points, std::span<const double> reference);

}  // namespace pare::search
