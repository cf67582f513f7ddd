#include "engine/prune/ridge_fit.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

namespace pare::engine {
namespace {

Eigen::MatrixXd random_matrix(Eigen::Index rows, Eigen::Index columns, std::mt19937& random) {
  Eigen::MatrixXd matrix(rows, columns);
  for (double& x : matrix.reshaped()) x = static_cast<double>(random() % 2001) / 1000 - 1;
  return matrix;
}

// y = W x + noise at `count` positions; x ends in 1.
Moments moments_of(const Eigen::MatrixXd& weights, Eigen::Index count, double noise,
                   std::mt19937& random) {
  Eigen::MatrixXd x = random_matrix(count, weights.cols(), random);
  x.col(weights.cols() - 1).setOnes();
  const Eigen::MatrixXd y =
      x * weights.transpose() + noise * random_matrix(count, weights.rows(), random);
  return {x.transpose() * x, y.transpose() * x};
}

constexpr std::array kRidges = {1e-4, 1e-2, 1.0, 100.0};

TEST(RidgeFit, finds_planted_weights_and_a_large_ridge_keeps_the_prior) {
  std::mt19937 random(1);
  const Eigen::MatrixXd truth = random_matrix(3, 6, random), prior = random_matrix(3, 6, random);
  const Moments moments = moments_of(truth, 100, 0, random);
  EXPECT_LT((ridge_fit(prior, moments, 1e-12) - truth).norm(), 1e-6);
  const Eigen::MatrixXd held = ridge_fit(prior, moments, 1e9);
  EXPECT_LT((held - prior).leftCols(5).norm(), 1e-6);
  EXPECT_GT((held - prior).col(5).norm(), 1e-3);  // the bias is free
}

TEST(RidgeFit, is_never_worse_on_its_own_samples_than_what_it_starts_from) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    const Eigen::MatrixXd prior = random_matrix(3, 8, random);
    const Moments moments = moments_of(random_matrix(3, 8, random), 10, 0.3, random);
    for (const double ridge : kRidges) {
      EXPECT_LE(relative_error(ridge_fit(prior, moments, ridge), moments),
                relative_error(prior, moments));
    }
  }
}

// Many clean samples of other weights than the prior: trust them.  A handful of noisy samples of
// the prior itself: trust the prior.
TEST(RidgeFit, held_back_samples_choose_the_ridge_that_the_data_was_made_for) {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    std::mt19937 random(seed);
    const Eigen::MatrixXd truth = random_matrix(3, 12, random);
    const Eigen::MatrixXd prior = random_matrix(3, 12, random);
    const Moments many = moments_of(truth, 400, 0.1, random);
    const Moments few = moments_of(truth, 14, 1, random);
    const Moments held = moments_of(truth, 400, 0.1, random);
    EXPECT_EQ(choose_ridge(prior, many, held, kRidges), 1e-4) << "seed " << seed;
    EXPECT_GE(choose_ridge(truth, few, held, kRidges), 1.0) << "seed " << seed;
  }
}

}  // namespace
}  // namespace pare::engine
