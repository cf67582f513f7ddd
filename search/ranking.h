// Which plans are worth breeding from: non-dominated ranks and crowding distances.
//
// Constraints come before objectives (Deb's constrained domination): of two plans the one that
// violates less wins, and objectives decide between plans that violate nothing.  With several
// targets a plan has the best rank that it has on any of them: a plan that is excellent on one
// device is worth keeping, whatever it is on the others.
//
// O(targets * n^2 * objectives), far less where there are many fronts.  Source: Deb, Pratap,
// Agarwal and Meyarivan, A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II (2002); the
// sorting: Zhang, Tian, Cheng and Jin, An Efficient Approach to Nondominated Sorting (2015).
#pragma once

#include <span>
#include <vector>

#include "search/strategy.h"

namespace pare::search {

struct Ranking {
  int rank = 0;         // 0 is the front
  double crowding = 0;  // on the target of that rank; infinite at its ends
};

// One a plan, in their order.  A plan that is infeasible on every target ranks behind all others.
std::vector<Ranking> rank(std::span<const Observation> plans);

// True if `a` is to be preferred.
bool better(const Ranking& a, const Ranking& b) noexcept;

}  // namespace pare::search
