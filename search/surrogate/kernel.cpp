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

constexpr double kLeastShare = 1e-300;  // of a product
constexpr int kBits = 52;               // of a double, with one to spare

// A power of two: so many steps of the unit that sums of values up to `largest` are exact.
double steps_for(double largest) {
  return std::ldexp(1, kBits - static_cast<int>(std::ceil(std::log2(std::max(largest, 1.0)))));
}

double on_grid(double value, double steps) {
  return std::nearbyint(value * steps) / steps;
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
  const auto count = static_cast<double>(columns_.size());
  const double of_shares = steps_for(count);
  const double of_logarithms = steps_for(-std::log(kLeastShare) * count);
  for (std::size_t j = 0; j < columns_.size(); ++j) {
    const Column& column = columns_[j];
    const double scale = std::exp(logarithms[column.group]);
    const int distances = column.ordered ? column.levels : 2;
    for (int d = 0; d < distances; ++d) {
      const double r = scale * (column.ordered ? d / (column.levels - 1.0) : d);
      const Value near = column.ordered ? matern52(r) : exponential(r);
      const Value wide = column.ordered ? matern52(r * stretch) : exponential(r * stretch);
      tables_[j].terms.emplace_back(on_grid(near.k, of_shares), on_grid(near.k * near.k, of_shares),
                                    on_grid(std::log(std::max(wide.k, kLeastShare)), of_logarithms),
                                    0);
      tables_[j].slope.push_back(near.slope);
      tables_[j].log_slope.push_back(wide.k > kLeastShare ? wide.slope / wide.k : 0);
    }
  }
}

std::size_t Kernel::distance(std::size_t column, int a, int b) const noexcept {
  const int apart = std::abs(a - b);
  return static_cast<std::size_t>(columns_[column].ordered ? apart : std::min(apart, 1));
}

// Whole packets: what becomes of a sum must not depend on where it stands.
void Kernel::values_of(const ManyTerms& sums, Eigen::Ref<Eigen::VectorXd> out) const {
  constexpr Eigen::Index kPacket = 8;
  const Eigen::Index whole = (sums.cols() + kPacket - 1) / kPacket * kPacket;
  Eigen::ArrayXd product = Eigen::ArrayXd::Zero(whole);
  product.head(sums.cols()) = sums.row(2).transpose();
  product = product.exp().eval();
  const auto count = static_cast<double>(columns_.size());
  for (Eigen::Index i = 0; i < sums.cols(); ++i) {
    const double sum = sums(0, i);
    const double pairs = count > 1 ? (sum * sum - sums(1, i)) / (count * (count - 1)) : sum;
    out[i] = weight_[0] * sum / count + weight_[1] * pairs + weight_[2] * product[i];
  }
}

double Kernel::operator()(const Code& a, const Code& b) const {
  ManyTerms sums = ManyTerms::Zero(4, 1);
  for (std::size_t j = 0; j < columns_.size(); ++j) {
    sums.col(0) += tables_[j].terms[distance(j, a[j], b[j])];
  }
  Eigen::VectorXd out(1);
  values_of(sums, out);
  return out[0];
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
  const auto count = static_cast<Eigen::Index>(many.size());
  ManyTerms sums(4, count);
  for (Eigen::Index i = 0; i < count; ++i) {
    sums.col(i) = this->sums(beside, many[static_cast<std::size_t>(i)]);
  }
  Eigen::VectorXd out(count);
  values_of(sums, out);
  return out;
}

void Kernel::add_sums(std::span<const Code> points, std::size_t point, const Resemblance& alike,
                      std::span<const Code> many, ManyTerms& sums) const {
  struct Differing {
    std::size_t column;
    std::size_t first;  // of its terms
  };
  std::vector<Terms> terms;
  std::vector<Differing> differing;
  for (const std::size_t j : alike.columns) {
    differing.push_back({j, terms.size()});
    for (int choice = 0; choice < columns_[j].levels; ++choice) {
      const std::vector<Terms>& of = tables_[j].terms;
      terms.push_back(of[distance(j, points[point][j], choice)]);
      if (alike.to) terms.back() -= of[distance(j, points[*alike.to][j], choice)];
    }
  }
  for (std::size_t i = 0; i < many.size(); ++i) {
    // Two halves, as in sums().
    const auto at = static_cast<Eigen::Index>(i);
    Eigen::Array2d first = sums.col(at).head<2>();
    Eigen::Array2d second = sums.col(at).tail<2>();
    const std::uint8_t* const code = many[i].data();
    for (const Differing& one : differing) {
      const Terms& more = terms[one.first + code[one.column]];
      first += more.head<2>();
      second += more.tail<2>();
    }
    sums.col(at).head<2>() = first;
    sums.col(at).tail<2>() = second;
  }
}

Eigen::MatrixXd Kernel::among(std::span<const Code> points, std::span<const Resemblance> alike,
                              std::span<const Code> many) const {
  PARE_CHECK(points.size() == alike.size(), "one resemblance a point");
  const auto rows = static_cast<Eigen::Index>(many.size());
  Eigen::MatrixXd out(rows, static_cast<Eigen::Index>(points.size()));
  std::vector<ManyTerms> sums(points.size());
  for (std::size_t p = 0; p < points.size(); ++p) {
    if (alike[p].to) {
      sums[p] = sums[*alike[p].to];
    } else {
      sums[p] = ManyTerms::Zero(4, rows);
    }
    add_sums(points, p, alike[p], many, sums[p]);
    values_of(sums[p], out.col(static_cast<Eigen::Index>(p)));
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
