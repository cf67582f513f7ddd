// What plans that nobody measured would measure, with error bars: for people who ask, not for the
// search.
//
// In the units of the observations' objectives, unlike surrogates.h: one Gaussian process for each
// objective of each target, on values standardised by their middle half and cut off where a broken
// candidate would stretch the scale.  Columns that are equal share one.  Learning is
// O(columns * steps * m^3) for m = min(trials, 256): seconds at 256.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "search/strategy.h"

namespace pare::search {

// The interval holds nine in ten of such plans.
struct Predicted {
  double mean = 0;
  double low = 0;
  double high = 0;
};

struct PredictedOnTarget {
  double works = 1;                   // the chance that it can be measured at all
  std::vector<Predicted> objectives;  // empty: too little was measured there
};

// Fewer trials than this, measured on a target, say nothing of it.
inline constexpr std::size_t kFewestToPredict = 8;

// For each genome, one for each target of the observations.
// REQUIRES: genomes of the space, told and asked.
std::vector<std::vector<PredictedOnTarget>> predictions(const Space& space,
                                                        std::span<const Observation> told,
                                                        std::span<const Genome> genomes);

}  // namespace pare::search
