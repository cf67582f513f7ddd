// The standard normal distribution, and values turned into its scores by their rank.
#pragma once

#include <limits>
#include <span>
#include <vector>

namespace pare::search {

double normal_density(double z) noexcept;
double normal_cdf(double z) noexcept;

// The z with normal_cdf(z) == p, to 1e-9.  REQUIRES: 0 < p < 1.
double normal_quantile(double p) noexcept;

// E[max(0, x - F)] for F normal: what the expected improvements are made of.  REQUIRES: deviation >
// 0.
double expected_excess(double x, double mean, double deviation) noexcept;

// Monotone map from values to normal scores: the value of rank r of n goes to the quantile of
// (r - 1/2) / n, equal values to the mean of their ranks.  However far out a broken candidate lies,
// it is one rank away; and both ends of a front stay apart.
//
// Where it is known which values are of no use, only the others have ranks, and beyond them the
// scores go on evenly for a while: the useless are told apart from the useful by how bad they are,
// not by how many of them there happen to be.
//
// Source: van der Waerden scores (1952); as a warp of the objectives of Bayesian optimization,
// Eriksson and Jankowiak use it (2021).
class NormalScores {
 public:
  static constexpr std::size_t kFewestUseful = 4;

  // Values above `limit` are of no use; it is ignored while fewer than kFewestUseful lie below.
  // REQUIRES: not empty, no NaN.
  explicit NormalScores(std::span<const double> values,
                        double limit = std::numeric_limits<double>::infinity());

  // Between the values with ranks, linear; outside, the slope of the outermost pair goes on,
  // bounded.  Above a limit that of all pairs together.
  double operator()(double value) const noexcept;

 private:
  void standardise(std::span<const double> values);
  double unscaled(double value) const noexcept;

  std::vector<double> values_;  // ascending, distinct
  std::vector<double> scores_;
  double slope_above_ = 0;  // of a limit; 0: there is none
  double centre_ = 0;       // of the scores of all values seen
  double spread_ = 1;
};

}  // namespace pare::search
