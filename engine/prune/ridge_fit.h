// Least squares with a ridge towards weights that are there already, from second moments alone.
//
// For targets y and inputs x (the bias's 1 last): W = (E[y x'] + W0 L) (E[x x'] + L)^-1, L
// diagonal: lambda = ridge x the mean of the inputs' second moments, 0 for the bias.  A small ridge
// trusts the samples, a large one the weights.
//
// Cost: d^3 / 3 a fit.  Pure.  Inside engine/prune only.
#pragma once

#include <Eigen/Core>
#include <span>

namespace pare::engine {

struct Moments {
  Eigen::MatrixXd gram;   // E[x x']
  Eigen::MatrixXd cross;  // E[y x']
};

Eigen::MatrixXd ridge_fit(const Eigen::MatrixXd& prior, const Moments& moments, double ridge);

// E|y - W x|^2 without the part E|y|^2, which is the same for all W.
double relative_error(const Eigen::MatrixXd& weights, const Moments& moments);

// The ridge whose fit on `fit` has the least error on `held`; the largest of equal ones.
// REQUIRES: ridges is not empty.
double choose_ridge(const Eigen::MatrixXd& prior, const Moments& fit, const Moments& held,
                    std::span<const double> ridges);

}  // namespace pare::engine
