// The standard normal distribution, and values turned into its scores by their rank.
#pragma once

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
// Source: van der Waerden scores (1952); as a warp of the objectives of Bayesian optimization,
// Eriksson and Jankowiak use it (2021).
class NormalScores {
 public:
  // REQUIRES: not empty, no NaN.
  explicit NormalScores(std::span<const double> values);

  // Between the values seen, linear; outside, the slope of the outermost pair goes on, bounded.
  double operator()(double value) const noexcept;

 private:
  std::vector<double> values_;  // ascending, distinct
  std::vector<double> scores_;
};

}  // namespace pare::search
