#include "search/surrogate/gaussian_process.h"

#include <cblas.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/check.h"

namespace pare::search {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr int kSteps = 40;
constexpr double kLeastNoise = 1e-6;
const double kNoisePrior = std::log(1e-3);
constexpr double kNoiseDeviation = 1.5;

// The workers of this machine measure on the other cores.
void think_on_one_core() {
  [[maybe_unused]] static const bool once = (openblas_set_num_threads(1), true);
}

MatrixXd covariance(const Kernel& kernel, std::span<const Code> rows, double noise) {
  const auto n = static_cast<Index>(rows.size());
  MatrixXd k(n, n);
  for (Index i = 0; i < n; ++i) {
    const auto row = static_cast<std::size_t>(i);
    k.col(i).head(i) = kernel.with(rows[row], rows.first(row));
    k.row(i).head(i) = k.col(i).head(i).transpose();
    k(i, i) = kernel.variance() + noise;
  }
  return k;
}

struct Likelihood {
  bool valid = false;
  double logarithm = 0;
  VectorXd gradient;  // by the kernel's logarithms and, last, that of the noise
};

// Log marginal likelihood plus log prior, and its gradient.
Likelihood likelihood(Kernel& kernel, const VectorXd& at, std::span<const Code> rows,
                      const VectorXd& responses) {
  const Index parameters = kernel.parameters();
  kernel.set(at.head(parameters));
  const double noise = std::exp(at[parameters]) + kLeastNoise;
  const auto n = static_cast<Index>(rows.size());
  const Eigen::LLT<MatrixXd> llt(covariance(kernel, rows, noise));
  Likelihood out;
  if (llt.info() != Eigen::Success) return out;
  const VectorXd alpha = llt.solve(responses);
  const MatrixXd inverse = llt.solve(MatrixXd::Identity(n, n));
  out.logarithm = -0.5 * responses.dot(alpha);
  for (Index i = 0; i < n; ++i) out.logarithm -= std::log(llt.matrixLLT()(i, i));
  out.gradient = VectorXd::Zero(parameters + 1);
  VectorXd by_kernel = VectorXd::Zero(parameters);
  const MatrixXd weights = alpha * alpha.transpose() - inverse;
  for (Index i = 0; i < n; ++i) {
    const auto row = static_cast<std::size_t>(i);
    kernel.add_gradient(rows[row], rows.first(row), weights.col(i).head(i), by_kernel);
    kernel.add_gradient(rows[row], rows.subspan(row, 1), 0.5 * weights.col(i).segment(i, 1),
                        by_kernel);
  }
  out.gradient.head(parameters) = by_kernel;
  out.gradient[parameters] = 0.5 * weights.trace() * std::exp(at[parameters]);
  const auto add_prior = [&](Index i, double mean, double deviation) {
    const double z = (at[i] - mean) / deviation;
    out.logarithm -= 0.5 * z * z;
    out.gradient[i] -= z / deviation;
  };
  for (Index i = 0; i < parameters; ++i) {
    add_prior(i, kernel.prior_mean()[i], kernel.prior_deviation()[i]);
  }
  add_prior(parameters, kNoisePrior, kNoiseDeviation);
  out.valid = std::isfinite(out.logarithm) && out.gradient.allFinite();
  return out;
}

// Steps along the signs of the gradient, longer while they stay and shorter when they turn; the
// best point met.
VectorXd maximise(Kernel& kernel, std::span<const Code> rows, const VectorXd& responses) {
  VectorXd at(kernel.parameters() + 1);
  at << kernel.prior_mean(), kNoisePrior;
  VectorXd best = at;
  double highest = -std::numeric_limits<double>::infinity();
  VectorXd step = VectorXd::Constant(at.size(), 0.2);
  VectorXd last = VectorXd::Zero(at.size());
  for (int i = 0; i < kSteps; ++i) {
    const Likelihood here = likelihood(kernel, at, rows, responses);
    if (!here.valid) break;
    if (here.logarithm > highest) {
      highest = here.logarithm;
      best = at;
    }
    for (Index p = 0; p < at.size(); ++p) {
      const double turned = here.gradient[p] * last[p];
      if (turned > 0) step[p] = std::min(step[p] * 1.3, 1.0);
      if (turned < 0) step[p] *= 0.5;
      last[p] = turned < 0 ? 0 : here.gradient[p];
      if (last[p] != 0) at[p] += std::copysign(step[p], last[p]);
    }
  }
  return best;
}

// Every so manieth, so that early and late rows both count.
template <typename Visit>
void spread(std::size_t from, std::size_t most, Visit visit) {
  const std::size_t count = std::min(from, most);
  for (std::size_t i = 0; i < count; ++i) visit(i * from / count);
}

}  // namespace

GaussianProcess::GaussianProcess(Kernel kernel) : kernel_(std::move(kernel)) {
  think_on_one_core();
}

// Of rows_, with the kernel's logarithms and, last, that of the noise.
bool GaussianProcess::factorise(const VectorXd& hyper_parameters) {
  const Index parameters = kernel_.parameters();
  kernel_.set(hyper_parameters.head(parameters));
  noise_ = std::exp(hyper_parameters[parameters]) + kLeastNoise;
  factor_ = covariance(kernel_, rows_, noise_);
  const Eigen::LLT<Eigen::Ref<MatrixXd>> llt(factor_);
  if (llt.info() != Eigen::Success || !factor_.diagonal().allFinite()) return false;
  factor_.triangularView<Eigen::StrictlyUpper>().setZero();
  return true;
}

bool GaussianProcess::fit(std::span<const Code> rows, const VectorXd& responses) {
  PARE_CHECK(!rows.empty() && std::cmp_equal(rows.size(), responses.size()),
             "a fit needs one response a row");
  std::vector<Code> chosen;
  std::vector<double> theirs;
  spread(rows.size(), kMostFitted, [&](std::size_t i) {
    chosen.push_back(rows[i]);
    theirs.push_back(responses[static_cast<Index>(i)]);
  });
  const VectorXd best =
      maximise(kernel_, chosen,
               Eigen::Map<const VectorXd>(theirs.data(), static_cast<Index>(theirs.size())));
  rows_.assign(rows.begin(), rows.end());
  // What suits some of the rows need not suit all of them: then it is the prior's mean.
  VectorXd before(best.size());
  before << kernel_.prior_mean(), kNoisePrior;
  if (!factorise(best) && !factorise(before)) {
    clear();
    return false;
  }
  respond(responses);
  return whitened_responses_.allFinite();
}

void GaussianProcess::clear() {
  rows_.clear();
  factor_.resize(0, 0);
  whitened_responses_.resize(0);
}

void GaussianProcess::add(const Code& row) {
  const auto n = static_cast<Index>(rows_.size());
  if (factor_.rows() == n) {
    MatrixXd larger = MatrixXd::Zero(std::max<Index>(64, 2 * n), std::max<Index>(64, 2 * n));
    larger.topLeftCorner(n, n) = factor_.topLeftCorner(n, n);
    factor_ = std::move(larger);
  }
  VectorXd k = kernel_.with(row, rows_);
  factor_.topLeftCorner(n, n).triangularView<Eigen::Lower>().solveInPlace(k);
  factor_.row(n).head(n) = k.transpose();
  const double left = kernel_.variance() + noise_ - k.squaredNorm();
  factor_(n, n) = std::sqrt(std::max(left, kLeastNoise));
  rows_.push_back(row);
}

void GaussianProcess::respond(const VectorXd& responses) {
  const auto n = static_cast<Index>(rows_.size());
  PARE_CHECK(responses.size() == n, "one response a row");
  whitened_responses_ = factor_.topLeftCorner(n, n).triangularView<Eigen::Lower>().solve(responses);
}

MatrixXd GaussianProcess::whiten(std::span<const Code> points,
                                 std::span<const Resemblance> alike) const {
  const auto n = static_cast<Index>(rows_.size());
  MatrixXd k = kernel_.among(points, alike, rows_);
  factor_.topLeftCorner(n, n).triangularView<Eigen::Lower>().solveInPlace(k);
  return k;
}

VectorXd GaussianProcess::variances(const MatrixXd& whitened) const {
  return (kernel_.variance() - whitened.colwise().squaredNorm().transpose().array())
      .max(kLeastNoise);
}

GaussianProcess::LeftOut GaussianProcess::left_out() const {
  const auto n = static_cast<Index>(rows_.size());
  const auto factor = factor_.topLeftCorner(n, n).triangularView<Eigen::Lower>();
  const MatrixXd inverse = factor.solve(MatrixXd::Identity(n, n));  // of the factor
  const VectorXd alpha = inverse.transpose() * whitened_responses_;
  const VectorXd precisions = inverse.colwise().squaredNorm().transpose();
  return {factor * whitened_responses_ - alpha.cwiseQuotient(precisions),
          precisions.cwiseSqrt().cwiseInverse()};
}

}  // namespace pare::search
