// What a figure on halves of the images says about the same figure on all of them.
//
// The images are split in two at random, again and again; draws come in pairs, one of each half,
// -1 where a half has nothing to score.  A half is spread around the whole as the whole is around
// the truth, which gives a standard error, and is flattered more than the whole, which gives a
// bias: few boxes flatter an mAP, because its interpolated precision is the largest of noisy ones.
// Unlike in a bootstrap no image is drawn twice, which would flatter it once more.
//
// Pure; O(draws).  Sources: McCarthy, Pseudo-replication: half samples (1969), and Shao and Wu, A
// general theory for jackknife variance estimation (1989), for the spread; Quenouille, Notes on
// bias in estimation (1956), for a bias from halves; Groeneboom, Estimating a monotone density
// (1985), for the rate n^(-2/3) of estimates that are made monotone, at which this one fades.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "core/statistics.h"

namespace pare {

// Of the true figure, around the value without its bias, and as much wider as the bias is
// uncertain. nullopt without two whole pairs. REQUIRES: 0 < alpha < 1.
std::optional<ConfidenceInterval> interval_of(double value, std::span<const double> draws,
                                              double alpha);

// Of the true difference of two figures on the same images, of b less a, around their difference:
// two biases cancel, and to estimate what is left would add more noise than it takes away.
// nullopt where the draws do not belong together (another number of them), or as above.
std::optional<ConfidenceInterval> interval_of_difference(double difference,
                                                         std::span<const double> draws_a,
                                                         std::span<const double> draws_b,
                                                         double alpha);

// The draws around the value instead of around their own mean, -1 where there is none: what a value
// might have been, so that two trials' values may be compared draw by draw.
std::vector<double> centred_on(double value, std::span<const double> draws);

// How far the interval would reach to each side with more images.
// REQUIRES: images > 0 and wanted > 0.
double half_width_with(const ConfidenceInterval& interval, int images, int wanted);

}  // namespace pare
