#include "search/surrogate/kernel.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "core/check.h"

namespace pare::search {
namespace {

// k and its derivative by log r, at r.
struct Value {
  double k;
  double slope;
};

Value exponential(double r) {
  return {std::exp(-r), -r * std::exp(-r)};
}

Value matern52(double r) {
  const double s = std::sqrt(5.0) * r;
  const double decay = std::exp(-s);
  return {(1 + s + s * s / 3) * decay, -(s * s / 3) * (1 + s) * decay};
}

}  // namespace

Kernel::Kernel(std::vector<Column> columns) : columns_(std::move(columns)) {
  PARE_CHECK(!columns_.empty(), "a kernel without columns");
  for (const Column& column : columns_) {
    PARE_CHECK(column.levels >= 2 && column.levels <= kMostLevels, "a column's number of levels");
    groups_ = std::max<Eigen::Index>(groups_, column.group + 1);
    first_.push_back(choices_);
    choices_ += static_cast<std::size_t>(column.levels);
  }
  prior_mean_ = Eigen::VectorXd::Zero(groups_ + 4);
  prior_deviation_ = Eigen::VectorXd::Constant(groups_ + 4, 0.7);
  // The more columns, the less each may take from the product.
  prior_mean_[groups_] = -0.7 * std::log(static_cast<double>(columns_.size()));
  prior_mean_.tail(3) << std::log(0.5), std::log(0.3), std::log(0.5);
  set(prior_mean_);
}

void Kernel::set(const Eigen::VectorXd& logarithms) {
  logarithms_ = logarithms;
  const double stretch = std::exp(logarithms[groups_]);
  for (int i = 0; i < 3; ++i) weight_[i] = std::exp(logarithms[groups_ + 1 + i]);
  tables_.assign(columns_.size(), {});
  for (std::size_t j = 0; j < columns_.size(); ++j) {
    const Column& column = columns_[j];
    const double scale = std::exp(logarithms[column.group]);
    const int distances = column.ordered ? column.levels : 2;
    for (int d = 0; d < distances; ++d) {
      const double r = scale * (column.ordered ? d / (column.levels - 1.0) : d);
      const Value near = column.ordered ? matern52(r) : exponential(r);
      const Value wide = column.ordered ? matern52(r * stretch) : exponential(r * stretch);
      tables_[j].terms.emplace_back(near.k, near.k * near.k, std::log(std::max(wide.k, 1e-300)), 0);
      tables_[j].slope.push_back(near.slope);
      tables_[j].log_slope.push_back(wide.k > 1e-300 ? wide.slope / wide.k : 0);
    }
  }
}

std::size_t Kernel::distance(std::size_t column, int a, int b) const noexcept {
  const int apart = std::abs(a - b);
  return static_cast<std::size_t>(columns_[column].ordered ? apart : std::min(apart, 1));
}

double Kernel::from(const Terms& sums) const noexcept {
  const auto count = static_cast<double>(columns_.size());
  const double sum = sums[0];
  const double pairs = count > 1 ? (sum * sum - sums[1]) / (count * (count - 1)) : sum;
  return weight_[0] * sum / count + weight_[1] * pairs + weight_[2] * std::exp(sums[2]);
}

double Kernel::operator()(const Code& a, const Code& b) const noexcept {
  Terms sums = Terms::Zero();
  for (std::size_t j = 0; j < columns_.size(); ++j) {
    sums += tables_[j].terms[distance(j, a[j], b[j])];
  }
  return from(sums);
}

std::vector<Kernel::Terms> Kernel::beside(const Code& a) const {
  std::vector<Terms> terms(choices_);
  for (std::size_t j = 0; j < columns_.size(); ++j) {
    for (int choice = 0; choice < columns_[j].levels; ++choice) {
      terms[first_[j] + static_cast<std::size_t>(choice)] =
          tables_[j].terms[distance(j, a[j], choice)];
    }
  }
  return terms;
}

Kernel::Terms Kernel::sums(const std::vector<Terms>& beside, const Code& b) const noexcept {
  // Two halves: GCC keeps those in registers, and a value that is returned in memory.
  Eigen::Array2d first = Eigen::Array2d::Zero();
  Eigen::Array2d second = Eigen::Array2d::Zero();
  for (std::size_t j = 0; j < columns_.size(); ++j) {
    const Terms& terms = beside[first_[j] + b[j]];
    first += terms.head<2>();
    second += terms.tail<2>();
  }
  return {first[0], first[1], second[0], second[1]};
}

Eigen::VectorXd Kernel::with(const Code& a, std::span<const Code> many) const {
  const std::vector<Terms> beside = this->beside(a);
  Eigen::VectorXd out(static_cast<Eigen::Index>(many.size()));
  for (std::size_t i = 0; i < many.size(); ++i) {
    out[static_cast<Eigen::Index>(i)] = from(sums(beside, many[i]));
  }
  return out;
}

void Kernel::add_gradient(const Code& a, std::span<const Code> many, const Eigen::VectorXd& weights,
                          Eigen::VectorXd& gradient) const {
  const auto count = static_cast<double>(columns_.size());
  const double single = weight_[0] / count;
  const double pair = count > 1 ? weight_[1] / (count * (count - 1)) : 0;
  const double alone = count > 1 ? 0 : weight_[1];
  const std::vector<Terms> beside = this->beside(a);
  // By choice, over all plans that made it: what the slope of k_j, k_j times that slope, and the
  // slope of the product's logarithm are to be multiplied by.
  std::vector<Terms> pulls(choices_, Terms::Zero());
  for (std::size_t i = 0; i < many.size(); ++i) {
    const double weight = weights[static_cast<Eigen::Index>(i)];
    const Terms sums = this->sums(beside, many[i]);
    const double sum = sums[0];
    const double product = weight_[2] * std::exp(sums[2]);
    const Terms pull(weight * (single + 2 * pair * sum + alone), -2 * weight * pair,
                     weight * product, 0);
    for (std::size_t j = 0; j < columns_.size(); ++j) pulls[first_[j] + many[i][j]] += pull;
    gradient[groups_ + 1] += weight * single * sum;
    gradient[groups_ + 2] += weight * (pair * (sum * sum - sums[1]) + alone * sum);
    gradient[groups_ + 3] += weight * product;
  }
  for (std::size_t j = 0; j < columns_.size(); ++j) {
    for (int choice = 0; choice < columns_[j].levels; ++choice) {
      const std::size_t d = distance(j, a[j], choice);
      const Terms& pull = pulls[first_[j] + static_cast<std::size_t>(choice)];
      const double slope = tables_[j].slope[d];
      const double stretched = pull[2] * tables_[j].log_slope[d];
      gradient[columns_[j].group] +=
          pull[0] * slope + pull[1] * tables_[j].terms[d][0] * slope + stretched;
      gradient[groups_] += stretched;
    }
  }
}

}  // namespace pare::search
