#include "search/surrogate/gaussian_process.h"

#include <gtest/gtest.h>

#include <Eigen/LU>
#include <cmath>
#include <limits>
#include <random>
#include <set>

namespace pare::search {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

const std::vector<Column> kColumns = {{true, 9, 0}, {true, 9, 1}, {false, 5, 2}, {false, 5, 3}};

std::vector<Code> distinct_codes(int count, unsigned seed) {
  std::mt19937 rng(seed);
  std::vector<Code> codes;
  for (std::set<Code> seen; codes.size() < static_cast<std::size_t>(count);) {
    Code code;
    for (const Column& c : kColumns) {
      code.push_back(static_cast<std::uint8_t>(rng() % static_cast<unsigned>(c.levels)));
    }
    if (seen.insert(code).second) codes.push_back(code);
  }
  return codes;
}

// Smooth in the first two, a table in the others; the last one matters with the first only.
double truth(const Code& code) {
  const double table[] = {0.0, 0.4, -0.5, 0.2, 0.9};
  return std::sin(code[0] * 0.4) + 0.1 * code[1] + table[code[2]] + 0.05 * code[0] * (code[3] == 1);
}

VectorXd truths(std::span<const Code> codes) {
  VectorXd out(static_cast<Index>(codes.size()));
  for (std::size_t i = 0; i < codes.size(); ++i) out[static_cast<Index>(i)] = truth(codes[i]);
  return out.array() - 0.7;
}

// With the noise on its diagonal.
Eigen::MatrixXd covariance(const GaussianProcess& process, std::span<const Code> rows) {
  const auto count = static_cast<Index>(rows.size());
  Eigen::MatrixXd k(count, count);
  for (Index i = 0; i < count; ++i) {
    for (Index j = 0; j < count; ++j) {
      k(i, j) =
          process.kernel()(rows[static_cast<std::size_t>(i)], rows[static_cast<std::size_t>(j)]);
    }
    k(i, i) += process.noise();
  }
  return k;
}

TEST(GaussianProcess, means_and_variances_are_those_of_the_textbook) {
  const std::vector<Code> codes = distinct_codes(60, 1);
  const std::span rows(codes.data(), 40);
  GaussianProcess process{Kernel(kColumns)};
  ASSERT_TRUE(process.fit(rows, truths(rows)));
  const Eigen::MatrixXd inverse = covariance(process, rows).inverse();
  const std::span points(codes.data() + 40, 20);
  const Eigen::MatrixXd whitened = process.whiten(points);
  for (Index j = 0; j < 20; ++j) {
    VectorXd near(40);
    for (Index i = 0; i < 40; ++i) {
      near[i] =
          process.kernel()(codes[static_cast<std::size_t>(i)], points[static_cast<std::size_t>(j)]);
    }
    EXPECT_NEAR(process.means(whitened)[j], near.dot(inverse * truths(rows)), 1e-6);
    EXPECT_NEAR(process.variances(whitened)[j],
                process.kernel().variance() - near.dot(inverse * near), 1e-6);
  }
}

TEST(GaussianProcess, it_learns_what_it_was_told_and_its_error_bars_cover_the_rest) {
  const std::vector<Code> codes = distinct_codes(400, 2);
  const std::span rows(codes.data(), 100);
  const std::span unseen(codes.data() + 100, 300);
  GaussianProcess process{Kernel(kColumns)};
  ASSERT_TRUE(process.fit(rows, truths(rows)));
  const Eigen::MatrixXd whitened = process.whiten(unseen);
  const VectorXd error = process.means(whitened) - truths(unseen);
  const VectorXd spread = truths(unseen).array() - truths(unseen).mean();
  EXPECT_LT(error.norm(), 0.2 * spread.norm());
  const VectorXd z = error.array() / (process.variances(whitened).array() + process.noise()).sqrt();
  const auto covered = (z.array().abs() < 1.645).count();
  EXPECT_GT(covered, 300 * 0.8);
}

TEST(GaussianProcess, rows_added_one_by_one_are_rows_fitted_together) {
  const std::vector<Code> codes = distinct_codes(80, 3);
  const std::span first(codes.data(), 30);
  const std::span points(codes.data() + 70, 10);
  GaussianProcess process{Kernel(kColumns)};
  ASSERT_TRUE(process.fit(first, truths(first)));
  for (std::size_t i = 30; i < 70; ++i) process.add(codes[i]);
  const std::span rows(codes.data(), 70);
  process.respond(truths(rows));

  const VectorXd weights = covariance(process, rows).inverse() * truths(rows);
  const VectorXd means = process.means(process.whiten(points));
  for (Index j = 0; j < 10; ++j) {
    double mean = 0;
    for (Index i = 0; i < 70; ++i) {
      mean += weights[i] * process.kernel()(codes[static_cast<std::size_t>(i)],
                                            points[static_cast<std::size_t>(j)]);
    }
    EXPECT_NEAR(means[j], mean, 1e-6);
  }
}

TEST(GaussianProcess, a_row_left_out_is_predicted_by_the_others) {
  const std::vector<Code> codes = distinct_codes(30, 5);
  GaussianProcess process{Kernel(kColumns)};
  ASSERT_TRUE(process.fit(codes, truths(codes)));
  const auto [means, deviations] = process.left_out();
  for (std::size_t one = 0; one < codes.size(); ++one) {
    std::vector<Code> others = codes;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(one));
    GaussianProcess without = process;
    without.clear();
    for (const Code& code : others) without.add(code);
    without.respond(truths(others));
    const Eigen::MatrixXd whitened = without.whiten({&codes[one], 1});
    const auto i = static_cast<Index>(one);
    EXPECT_NEAR(means[i], without.means(whitened)[0], 1e-6);
    EXPECT_NEAR(deviations[i], std::sqrt(without.variances(whitened)[0] + without.noise()), 1e-6);
  }
}

TEST(GaussianProcess, equal_responses_and_a_single_row_are_learnt_without_harm) {
  const std::vector<Code> codes = distinct_codes(20, 4);
  for (const std::size_t count : {std::size_t{1}, std::size_t{20}}) {
    const std::span rows(codes.data(), count);
    GaussianProcess process{Kernel(kColumns)};
    ASSERT_TRUE(process.fit(rows, VectorXd::Zero(static_cast<Index>(count))));
    const Eigen::MatrixXd whitened = process.whiten(codes);
    EXPECT_TRUE(process.means(whitened).allFinite());
    EXPECT_GT(process.variances(whitened).minCoeff(), 0);
  }
}

// Responses so far apart that the likelihood wants a covariance which cannot be factorised.
TEST(GaussianProcess, rows_that_say_different_things_of_one_plan_are_learnt_without_harm) {
  std::vector<Code> codes = distinct_codes(300, 6);
  for (std::size_t i = 0; i < codes.size(); i += 2) codes[i] = codes[0];
  std::mt19937 rng(1);
  for (const double size : {1.0, 1e3, 1e6, 1e12, 1e150}) {
    VectorXd responses(300);
    for (double& response : responses) response = size * (rng() % 2 == 0 ? 1 : -1);
    GaussianProcess process{Kernel(kColumns)};
    ASSERT_TRUE(process.fit(codes, responses)) << size;
    const Eigen::MatrixXd whitened = process.whiten(codes);
    EXPECT_TRUE(process.means(whitened).allFinite());
    EXPECT_GT(process.variances(whitened).minCoeff(), 0);
  }
}

TEST(GaussianProcess, responses_that_are_no_numbers_are_not_learnt) {
  const std::vector<Code> codes = distinct_codes(20, 4);
  GaussianProcess process{Kernel(kColumns)};
  VectorXd responses = truths(codes);
  responses[3] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(process.fit(codes, responses));
}

}  // namespace
}  // namespace pare::search
