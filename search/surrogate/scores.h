// Values of one objective or constraint as a Gaussian process takes them: in the same order, around
// 0 and of the order of 1.
//
// As ranks: the value of rank r of n goes to the normal quantile of (r - 1/2) / n, equal values to
// the mean of their ranks.  However far out a broken candidate lies, it is one rank away; but what
// a smooth function says beyond the order of its values is lost.
//
// As values: their distance from the median, in deviations, which far out grows as its logarithm.
// Ranks instead where there are fewer than kFewestValues or half of them are equal.
//
// Where it is known which values are of no use, only the others have such scores, and beyond them
// the scores go on evenly for a while: the useless are told apart from the useful by how bad they
// are, not by how many of them there happen to be.
//
// Sources: van der Waerden scores (1952), as a warp of the objectives of Bayesian optimization by
// Eriksson and Jankowiak (2021); the inverse hyperbolic sine, Johnson (1949).
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "search/surrogate/normal.h"

namespace pare::search {

enum class Warp : std::uint8_t { kRanks, kValues };

class Scores {
 public:
  static constexpr std::size_t kFewestUseful = 4;
  static constexpr std::size_t kFewestValues = 9;  // distinct

  // Values above `limit` are of no use; it is ignored while fewer than kFewestUseful lie below.
  // REQUIRES: not empty, no NaN.
  Scores(std::span<const double> values, Warp warp,
         double limit = std::numeric_limits<double>::infinity());

  // Between the values seen, linear; outside, the slope of the outermost pair goes on, bounded.
  // Above a limit that of all pairs together.
  double operator()(double value) const noexcept;

  // What operator() says of any value lies between these.
  double lowest() const noexcept;
  double highest() const noexcept;

  // What is believed of a score, cut off there.
  NormalValue within_bounds(const NormalValue& believed) const noexcept;

 private:
  void standardise(std::span<const double> values);
  double unscaled(double value) const noexcept;
  double scaled(double score) const noexcept { return (score - centre_) / spread_; }

  std::vector<double> values_;  // ascending, distinct
  std::vector<double> scores_;
  double slope_above_ = 0;  // of a limit; 0: there is none
  double centre_ = 0;       // of the scores of all values seen
  double spread_ = 1;
};

}  // namespace pare::search
