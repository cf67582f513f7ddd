#include "engine/prune/ridge_fit.h"

#include <Eigen/Cholesky>
#include <limits>

namespace pare::engine {

Eigen::MatrixXd ridge_fit(const Eigen::MatrixXd& prior, const Moments& moments, double ridge) {
  const Eigen::Index size = moments.gram.cols();
  const double lambda =
      ridge * moments.gram.diagonal().head(size - 1).mean() + std::numeric_limits<float>::min();
  Eigen::VectorXd diagonal = Eigen::VectorXd::Constant(size, lambda);
  diagonal(size - 1) = 0;
  Eigen::MatrixXd left = moments.gram;
  left.diagonal() += diagonal;
  Eigen::MatrixXd right = moments.cross;
  right.noalias() += prior * diagonal.asDiagonal();
  return left.llt().solve(right.transpose()).transpose();
}

double relative_error(const Eigen::MatrixXd& weights, const Moments& moments) {
  return (weights * moments.gram - 2 * moments.cross).cwiseProduct(weights).sum();
}

double choose_ridge(const Eigen::MatrixXd& prior, const Moments& fit, const Moments& held,
                    std::span<const double> ridges) {
  double best = ridges[0], least = std::numeric_limits<double>::infinity();
  for (const double ridge : ridges) {
    const double error = relative_error(ridge_fit(prior, fit, ridge), held);
    if (error < least || (error == least && ridge > best)) {
      least = error;
      best = ridge;
    }
  }
  return best;
}

}  // namespace pare::engine
