// Regression with error bars on plans: a Gaussian process with the kernel of kernel.h.
//
// Hyper-parameters maximise the marginal likelihood times their prior (MAP), found by Rprop from
// the prior's mean on at most kMostFitted rows, so that they depend on the rows alone and on no
// history.  fit() is O(steps m^3) for m = min(rows, kMostFitted); a row added, O(n^2), gives the
// same factor bit by bit whether it came alone or with others; a prediction's mean is O(n) and its
// deviation O(n^2).
//
// Source: Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), algorithm 2.1 and
// section 5.4; Riedmiller and Braun, RPROP (1993).  Not thread-safe.
#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

#include "search/surrogate/kernel.h"

namespace pare::search {

class GaussianProcess {
 public:
  static constexpr std::size_t kMostFitted = 256;

  explicit GaussianProcess(Kernel kernel);

  std::size_t rows() const noexcept { return rows_.size(); }

  // Chooses hyper-parameters and starts over with these rows.  False, and without rows, where the
  // rows' covariance has no factor: nothing can be learnt from them.
  // REQUIRES: as many responses as rows, around 0 and of the order of 1.
  [[nodiscard]] bool fit(std::span<const Code> rows, const Eigen::VectorXd& responses);

  // Forgets the rows, and keeps the hyper-parameters.
  void clear();

  // One more row, whose response the next respond() gives.
  void add(const Code& row);

  // The responses of all rows, in their order; may change from call to call.
  void respond(const Eigen::VectorXd& responses);

  // Covariances with the rows in whitened form: column i is L^-1 k(rows, points[i]).
  Eigen::MatrixXd whiten(std::span<const Code> points) const {
    return whiten(points, resemblances(points));
  }
  // REQUIRES: resemblances() of these points.
  Eigen::MatrixXd whiten(std::span<const Code> points, std::span<const Resemblance> alike) const;

  // Given whiten() of the same points.
  Eigen::VectorXd means(const Eigen::MatrixXd& whitened) const {
    return whitened.transpose() * whitened_responses_;
  }
  Eigen::VectorXd variances(const Eigen::MatrixXd& whitened) const;

  // What all others say of each row's response: O(rows^3).
  // Source: Rasmussen and Williams (2006), equations 5.12.
  struct LeftOut {
    Eigen::VectorXd means;
    Eigen::VectorXd deviations;  // noise included
  };
  LeftOut left_out() const;

  const Kernel& kernel() const noexcept { return kernel_; }
  double noise() const noexcept { return noise_; }  // variance

 private:
  bool factorise(const Eigen::VectorXd& hyper_parameters);

  Kernel kernel_;
  double noise_ = 1e-3;
  std::vector<Code> rows_;
  Eigen::MatrixXd factor_;  // lower triangle of the first rows_.size() rows; grows by doubling
  Eigen::VectorXd whitened_responses_;
};

}  // namespace pare::search
