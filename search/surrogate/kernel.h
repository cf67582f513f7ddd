// How alike two plans are, for a Gaussian process: three views of their choices, weighted.
//
//   k(a, b) = s1 mean_j k_j  +  s2 mean_{i<j} k_i k_j  +  s3 prod_j k_j^(c)
//
// The first is a table with one row a decision (what a latency that adds up over layers needs), the
// second lets decisions interact in pairs, the third is the usual product kernel and takes what is
// left.  k_j is exp(-t) for choices without an order and Matern 5/2 for those in order, each with
// the length scale of its group; in the product the scale is stretched by c, of which there is one.
//
// Source: Duvenaud, Nickisch and Rasmussen, Additive Gaussian Processes (2011), orders one, two and
// all; hyper-parameters are logarithms, with a normal prior each.  Immutable after set(); any
// thread may read it.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <vector>

#include "search/surrogate/resemblance.h"

namespace pare::search {

inline constexpr int kMostLevels = 256;  // of a column: what a code's number holds

struct Column {
  bool ordered = true;  // else all choices are equally far from one another
  int levels = 2;       // at least 2, at most kMostLevels
  int group = 0;        // columns of a group share a length scale; groups count from 0
};

class Kernel {
 public:
  // REQUIRES: at least one column.
  explicit Kernel(std::vector<Column> columns);

  // Logarithms: a scale for each group, the product's stretch, the three weights.
  Eigen::Index parameters() const noexcept { return prior_mean_.size(); }
  const Eigen::VectorXd& prior_mean() const noexcept { return prior_mean_; }
  const Eigen::VectorXd& prior_deviation() const noexcept { return prior_deviation_; }

  // Starts at the prior's mean.
  void set(const Eigen::VectorXd& logarithms);
  const Eigen::VectorXd& logarithms() const noexcept { return logarithms_; }

  double operator()(const Code& a, const Code& b) const;

  // k(a, b) of one plan with each of many, at a fraction of the cost of one by one.
  Eigen::VectorXd with(const Code& a, std::span<const Code> many) const;

  // The same for each of some points, a column each, where most are alike: equal to with() of one
  // after the other, bit by bit.
  // REQUIRES: resemblances() of these points.
  Eigen::MatrixXd among(std::span<const Code> points, std::span<const Resemblance> alike,
                        std::span<const Code> many) const;

  // The same for every plan: k(a, a).
  double variance() const noexcept { return weight_[0] + weight_[1] + weight_[2]; }

  // gradient += sum_i weights[i] dk(a, many[i]) / d logarithms.
  void add_gradient(const Code& a, std::span<const Code> many, const Eigen::VectorXd& weights,
                    Eigen::VectorXd& gradient) const;

 private:
  // What a pair of choices adds to the sums over all columns: k_j, its square, the logarithm of the
  // product's k_j, and nothing (four fill a register).  On a grid so coarse that every sum of them
  // is exact: it is the same however it came about.
  using Terms = Eigen::Array4d;
  using ManyTerms = Eigen::Array<double, 4, Eigen::Dynamic>;

  // Of one column, by the distance of two choices.
  struct Table {
    std::vector<Terms> terms;
    std::vector<double> slope;      // dk_j / d log scale
    std::vector<double> log_slope;  // of the product's: by log scale, and by the log of the stretch
  };

  // What each choice of each column adds when it meets those of `a`: no distance is looked up
  // twice.
  std::vector<Terms> beside(const Code& a) const;
  Terms sums(const std::vector<Terms>& beside, const Code& b) const noexcept;
  // Adds what the columns of the resemblance say of the point: less what the one it is like has
  // there, if there is one.
  void add_sums(std::span<const Code> points, std::size_t point, const Resemblance& alike,
                std::span<const Code> many, ManyTerms& sums) const;
  void values_of(const ManyTerms& sums, Eigen::Ref<Eigen::VectorXd> out) const;
  std::size_t distance(std::size_t column, int a, int b) const noexcept;  // of two choices

  std::vector<Column> columns_;
  std::vector<std::size_t> first_;  // of each column's choices, among those of all columns
  std::size_t choices_ = 0;         // of all columns
  Eigen::Index groups_ = 0;
  Eigen::VectorXd prior_mean_;
  Eigen::VectorXd prior_deviation_;
  Eigen::VectorXd logarithms_;
  std::vector<Table> tables_;
  double weight_[3] = {1, 1, 1};
};

}  // namespace pare::search
