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
// bias in estimation (1956), for a bias from halves.  Estimates that are made monotone have a bias
// that fades with n^(-2/3) where the truth falls (Groeneboom, Estimating a monotone density, 1985)
// and with n^(-1/2) where it is flat (Carolan and Dykstra, Asymptotic behavior of the Grenander
// estimator at density flat regions, 1999): kBiasRate lies between, as simulation does
// (docs/adr/0020).
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "core/statistics.h"

namespace pare {

// A bias fades with n^(-kBiasRate), so that a half's is larger by the factor 1 + kBiasGrowth.
inline constexpr double kBiasRate = 0.6;
inline constexpr double kBiasGrowth = 0.515716567;  // 2^kBiasRate - 1

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
