// A new target, and plans that other targets have measured: measure a few, predict the rest.
//
// What a plan reached on the other targets (log latency, accuracy) says a good deal of what it will
// reach on this one.  First the plans whose measurements say most about all others are asked for:
// those with the largest variance given the ones before them (a pivoted Cholesky factor of the
// prior covariance).  When they are told, each objective of the new targets is a linear trend in
// what is known plus a smooth deviation from it, with error bars, and the known plans are asked for
// in the order of the hypervolume that they are expected to add, until none adds a hundredth.  Then
// the inner strategy goes on, told everything.
//
// Sources: greedy variance (Krause, Singh and Guestrin, Near-Optimal Sensor Placements, 2008, call
// it the entropy criterion); Rasmussen and Williams (2006), chapter 2.  O(plans * told^2) an ask.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "search/strategy.h"

namespace pare::search {

struct KnownPlan {
  Genome genome;
  std::vector<double> features;  // as many for each plan, all finite
};

// The plans to measure first, by index, the most informative first.  At most as many as there are.
std::vector<std::size_t> most_informative(const std::vector<KnownPlan>& known, std::size_t count);

// REQUIRES: genomes that differ, `measure` > 0.
std::unique_ptr<Strategy> with_transfer(std::vector<KnownPlan> known, std::size_t measure,
                                        std::unique_ptr<Strategy> inner);

// How far the prediction can be trusted, by leaving out each told plan in turn.
struct TransferQuality {
  std::size_t plans = 0;  // known ones that were told
  double within = 0;      // share of left-out values within `tolerance` of the prediction
  double covered = 0;     // share in the 90 % interval
};

// With fewer told plans nothing can be said.
inline constexpr std::size_t kFewestToJudge = 4;

// Of one objective of one target.  `tolerance`: 0.1 of a log latency is a tenth.
TransferQuality transfer_quality(const std::vector<KnownPlan>& known,
                                 std::span<const Observation> told, std::size_t target,
                                 std::size_t objective, double tolerance);

}  // namespace pare::search
