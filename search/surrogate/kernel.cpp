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
    groups_ = std::max<Eigen::Index>(groups_, column.group + 1);
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
      tables_[j].value.push_back(near.k);
      tables_[j].slope.push_back(near.slope);
      tables_[j].log_value.push_back(std::log(std::max(wide.k, 1e-300)));
      tables_[j].log_slope.push_back(wide.k > 1e-300 ? wide.slope / wide.k : 0);
    }
  }
}

std::size_t Kernel::distance(std::size_t column, const Code& a, const Code& b) const noexcept {
  const int apart = std::abs(int{a[column]} - int{b[column]});
  return static_cast<std::size_t>(columns_[column].ordered ? apart : std::min(apart, 1));
}

Kernel::Sums Kernel::sums(const Code& a, const Code& b) const noexcept {
  Sums out;
  for (std::size_t j = 0; j < columns_.size(); ++j) {
    const std::size_t d = distance(j, a, b);
    const double k = tables_[j].value[d];
    out.values += k;
    out.squares += k * k;
    out.logarithms += tables_[j].log_value[d];
  }
  return out;
}

double Kernel::operator()(const Code& a, const Code& b) const noexcept {
  const auto count = static_cast<double>(columns_.size());
  const auto [sum, squares, log_product] = sums(a, b);
  const double pairs = count > 1 ? (sum * sum - squares) / (count * (count - 1)) : sum;
  return weight_[0] * sum / count + weight_[1] * pairs + weight_[2] * std::exp(log_product);
}

void Kernel::add_gradient(const Code& a, const Code& b, double weight,
                          Eigen::VectorXd& gradient) const {
  const auto count = static_cast<double>(columns_.size());
  const auto [sum, squares, log_product] = sums(a, b);
  const double single = weight_[0] / count;
  const double pair = count > 1 ? weight_[1] / (count * (count - 1)) : 0;
  const double product = weight_[2] * std::exp(log_product);
  double stretched = 0;
  for (std::size_t j = 0; j < columns_.size(); ++j) {
    const std::size_t d = distance(j, a, b);
    if (d == 0) continue;
    const Table& table = tables_[j];
    const double by_sum = single + 2 * pair * (sum - table.value[d]) + (count > 1 ? 0 : weight_[1]);
    stretched += table.log_slope[d];
    gradient[columns_[j].group] +=
        weight * (by_sum * table.slope[d] + product * table.log_slope[d]);
  }
  gradient[groups_] += weight * product * stretched;
  gradient[groups_ + 1] += weight * single * sum;
  gradient[groups_ + 2] += weight * (count > 1 ? pair * (sum * sum - squares) : weight_[1] * sum);
  gradient[groups_ + 3] += weight * product;
}

}  // namespace pare::search
