#include "engine/prune/whitening.h"

#include <gtest/gtest.h>

#include <random>

namespace pare::engine {
namespace {

Eigen::MatrixXd random_matrix(Eigen::Index rows, Eigen::Index columns, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> draw;
  return Eigen::MatrixXd::NullaryExpr(rows, columns, [&] { return draw(random); });
}

// Inputs that have much in common, the 1 of the bias last.
Eigen::MatrixXd samples() {
  Eigen::MatrixXd x = random_matrix(6, 6, 1) * random_matrix(6, 4000, 2);
  x.row(5).setOnes();
  return x;
}

// In whitened coordinates |V_o|^2 is the change of output o as a share of its variance.
TEST(Whitening, a_step_of_one_length_changes_every_output_by_the_same_share) {
  const Eigen::MatrixXd x = samples(), w = random_matrix(3, 6, 3);
  const Eigen::MatrixXd gram = x * x.transpose() / static_cast<double>(x.cols());
  const Whitening whitening = whiten(w, gram);
  const Eigen::MatrixXd y = w * x;
  const Eigen::MatrixXd v = random_matrix(3, 6, 4).rowwise().normalized();
  const Eigen::MatrixXd change = whitening.outputs.asDiagonal() * v * whitening.inputs * x;
  for (Eigen::Index o = 0; o < 3; ++o) {
    const double variance = y.row(o).cwiseAbs2().mean() - std::pow(y.row(o).mean(), 2);
    EXPECT_NEAR(change.row(o).cwiseAbs2().mean() / variance, 1, 0.05) << "output " << o;
  }
}

TEST(Whitening, an_output_that_never_varies_and_an_input_that_is_never_there_stay_finite) {
  Eigen::MatrixXd x = samples();
  x.row(2).setZero();
  const Eigen::MatrixXd gram = x * x.transpose() / static_cast<double>(x.cols());
  Eigen::MatrixXd w = random_matrix(3, 6, 3);
  w.row(1).setZero();
  const Whitening whitening = whiten(w, gram);
  EXPECT_TRUE(whitening.outputs.allFinite());
  EXPECT_TRUE(whitening.inputs.allFinite());
  EXPECT_GT(whitening.outputs(1), 0);
  EXPECT_LT(whitening.outputs(1), 1e-2 * whitening.outputs(0));
}

}  // namespace
}  // namespace pare::engine
