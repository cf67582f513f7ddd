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

// Many columns, of which two neighbours differ in few.
TEST(Kernel, plans_that_are_alike_are_the_same_bit_by_bit_as_one_after_the_other) {
  std::vector<Column> columns;
  for (int j = 0; j < 70; ++j) columns.push_back({j % 3 != 0, 2 + j % 90, j % 4});
  for (unsigned seed = 0; seed < 10; ++seed) {
    Kernel kernel(columns);
    kernel.set(random_logarithms(kernel, seed));
    const std::vector<Code> rows = random_codes(columns, 37, seed);
    std::vector<Code> points = random_codes(columns, 60, seed + 100);
    std::mt19937 rng(seed);
    for (std::size_t i = 1; i < points.size(); ++i) {
      if (rng() % 5 == 0) continue;
      const Code own = points[i];
      points[i] = points[rng() % i];
      for (auto change = rng() % 6; change > 0; --change) {
        const std::size_t at = rng() % columns.size();
        points[i][at] = own[at];
      }
    }
    const Eigen::MatrixXd together = kernel.among(points, resemblances(points), rows);
    ASSERT_EQ(together.rows(), 37);
    for (std::size_t i = 0; i < points.size(); ++i) {
      EXPECT_EQ(together.col(static_cast<Eigen::Index>(i)), kernel.with(points[i], rows));
    }
  }
}

TEST(Kernel, one_plan_with_many_is_the_same_as_one_by_one) {
  for (unsigned seed = 0; seed < 10; ++seed) {
    Kernel kernel(mixed_columns());
    kernel.set(random_logarithms(kernel, seed));
    const std::vector<Code> codes = random_codes(mixed_columns(), 40, seed);
    const Eigen::VectorXd k = kernel.with(codes[0], codes);
    ASSERT_EQ(k.size(), 40);
    for (std::size_t i = 0; i < codes.size(); ++i) {
      EXPECT_EQ(k[static_cast<Eigen::Index>(i)], kernel(codes[0], codes[i])) << "row " << i;
    }
  }
}

TEST(Kernel, the_gradient_is_that_of_finite_differences) {
  for (const auto& columns : {mixed_columns(), std::vector<Column>{{true, 5, 0}}}) {
    Kernel kernel(columns);
    const Eigen::VectorXd at = random_logarithms(kernel, 3);
    const std::vector<Code> codes = random_codes(columns, 12, 5);
    const Eigen::VectorXd weights = Eigen::VectorXd::LinSpaced(12, -1.0, 2.0);
    const auto weighted = [&](const Eigen::VectorXd& logarithms) {
      kernel.set(logarithms);
      return weights.dot(kernel.with(codes[4], codes));
    };
    kernel.set(at);
    Eigen::VectorXd gradient = Eigen::VectorXd::Zero(at.size());
    kernel.add_gradient(codes[4], codes, weights, gradient);
    for (Eigen::Index p = 0; p < at.size(); ++p) {
      constexpr double kStep = 1e-5;
      const Eigen::VectorXd step = kStep * Eigen::VectorXd::Unit(at.size(), p);
      const double slope = (weighted(at + step) - weighted(at - step)) / (2 * kStep);
      EXPECT_NEAR(gradient[p], slope, 1e-6) << "parameter " << p;
    }
  }
}

}  // namespace
}  // namespace pare::search
