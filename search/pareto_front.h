// The set of measured trials that no other measured trial beats.  Every objective is minimised.
//
// The front depends only on the set of points inserted, not on their order, with one exception:
// of points equal in every objective, the first one inserted stays.
//
// insert() scans the front: O(n*m) for n points and m objectives.  Fine up to a few thousand
// points; bench/pareto_bench.cpp shows where that stops being true.
//
// Not thread-safe.  The job loop owns its front; readers get a copy of points().
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/ids.h"
#include "core/result.h"

namespace pare::search {

struct ParetoPoint {
  TrialId trial;
  std::vector<double> objectives;
};

// True if `a` is nowhere worse than `b` and somewhere better.
// REQUIRES: equal sizes, no NaN.
bool dominates(std::span<const double> a, std::span<const double> b) noexcept;

class ParetoFront {
 public:
  enum class Inserted { kYes, kDominated, kDuplicate };

  // REQUIRES: objective_count > 0.
  explicit ParetoFront(std::size_t objective_count) noexcept : objective_count_(objective_count) {}

  // Fails with kInvalidArgument, and leaves the front as it was, if the point has the wrong
  // number of objectives or one that is not finite.
  Result<Inserted> insert(ParetoPoint point);

  // Sorted by the first objective, then by the next ones.  Valid until the next insert().
  std::span<const ParetoPoint> points() const noexcept { return points_; }

 private:
  std::size_t objective_count_;
  std::vector<ParetoPoint> points_;
};

}  // namespace pare::search
