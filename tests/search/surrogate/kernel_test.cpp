#include "search/surrogate/kernel.h"

#include <gtest/gtest.h>

#include <Eigen/Eigenvalues>
#include <random>

namespace pare::search {
namespace {

std::vector<Column> mixed_columns() {
  return {{true, 7, 0}, {false, 4, 1}, {true, 2, 0}, {false, 5, 2}};
}

std::vector<Code> random_codes(const std::vector<Column>& columns, int count, unsigned seed) {
  std::mt19937 rng(seed);
  std::vector<Code> codes(static_cast<std::size_t>(count));
  for (Code& code : codes) {
    for (const Column& c : columns) {
      code.push_back(static_cast<std::uint8_t>(rng() % static_cast<unsigned>(c.levels)));
    }
  }
  return codes;
}

Eigen::VectorXd random_logarithms(const Kernel& kernel, unsigned seed) {
  std::mt19937 rng(seed);
  std::normal_distribution<double> normal;
  Eigen::VectorXd out = kernel.prior_mean();
  for (double& v : out) v += normal(rng);
  return out;
}

TEST(Kernel, a_covariance_is_symmetric_and_has_no_negative_eigenvalue) {
  for (unsigned seed = 0; seed < 10; ++seed) {
    Kernel kernel(mixed_columns());
    kernel.set(random_logarithms(kernel, seed));
    const std::vector<Code> codes = random_codes(mixed_columns(), 40, seed);
    Eigen::MatrixXd k(40, 40);
    for (int i = 0; i < 40; ++i) {
      for (int j = 0; j < 40; ++j) {
        k(i, j) = kernel(codes[static_cast<std::size_t>(i)], codes[static_cast<std::size_t>(j)]);
      }
    }
    EXPECT_EQ(k, k.transpose());
    EXPECT_NEAR(k.diagonal().minCoeff(), kernel.variance(), 1e-12);
    EXPECT_GT(Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(k).eigenvalues().minCoeff(), -1e-9);
  }
}

TEST(Kernel, the_gradient_is_that_of_finite_differences) {
  for (const auto& columns : {mixed_columns(), std::vector<Column>{{true, 5, 0}}}) {
    Kernel kernel(columns);
    const Eigen::VectorXd at = random_logarithms(kernel, 3);
    const std::vector<Code> codes = random_codes(columns, 12, 5);
    for (std::size_t i = 0; i + 1 < codes.size(); ++i) {
      kernel.set(at);
      Eigen::VectorXd gradient = Eigen::VectorXd::Zero(at.size());
      kernel.add_gradient(codes[i], codes[i + 1], 2.0, gradient);
      for (Eigen::Index p = 0; p < at.size(); ++p) {
        constexpr double kStep = 1e-5;
        Eigen::VectorXd moved = at;
        moved[p] += kStep;
        kernel.set(moved);
        const double up = kernel(codes[i], codes[i + 1]);
        moved[p] -= 2 * kStep;
        kernel.set(moved);
        const double down = kernel(codes[i], codes[i + 1]);
        EXPECT_NEAR(gradient[p], 2.0 * (up - down) / (2 * kStep), 1e-6) << "parameter " << p;
      }
    }
  }
}

}  // namespace
}  // namespace pare::search
