#include "engine/prune/whitening.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <limits>

namespace pare::engine {
namespace {

constexpr double kInverseRootDamping = 1e-3;  // of the mean eigenvalue
constexpr double kLeastSpread = 1e-3;         // of the layer's root mean square spread

Eigen::VectorXd spreads(const Eigen::MatrixXd& weights, const Eigen::MatrixXd& gram) {
  const Eigen::VectorXd mean = weights * gram.col(gram.cols() - 1);
  const Eigen::VectorXd square = (weights * gram).cwiseProduct(weights).rowwise().sum();
  const Eigen::VectorXd variance = (square - mean.cwiseAbs2()).cwiseMax(0);
  const double least = kLeastSpread * kLeastSpread * variance.mean();
  return variance.cwiseMax(std::max(least, double{std::numeric_limits<float>::min()})).cwiseSqrt();
}

}  // namespace

Whitening whiten(const Eigen::MatrixXd& weights, const Eigen::MatrixXd& gram) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(gram);
  const double damping =
      kInverseRootDamping * gram.diagonal().mean() + double{std::numeric_limits<float>::min()};
  const Eigen::VectorXd scale =
      (solver.eigenvalues().cwiseMax(0).array() + damping).rsqrt().matrix();
  const Eigen::MatrixXd& vectors = solver.eigenvectors();
  return {spreads(weights, gram), vectors * scale.asDiagonal() * vectors.transpose()};
}

}  // namespace pare::engine
