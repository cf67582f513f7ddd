#include "search/surrogate/normal.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/check.h"

namespace pare::search {

double normal_density(double z) noexcept {
  return std::exp(-0.5 * z * z) * std::numbers::inv_sqrtpi / std::numbers::sqrt2;
}

double normal_cdf(double z) noexcept {
  return 0.5 * std::erfc(-z / std::numbers::sqrt2);
}

double normal_quantile(double p) noexcept {
  double z = 4.91 * (std::pow(p, 0.14) - std::pow(1 - p, 0.14));  // Tukey's lambda, to 0.01
  for (int i = 0; i < 4; ++i) z -= (normal_cdf(z) - p) / normal_density(z);
  return z;
}

double expected_excess(double x, double mean, double deviation) noexcept {
  const double z = (x - mean) / deviation;
  return deviation * (z * normal_cdf(z) + normal_density(z));
}

namespace {

constexpr double kAsBadAsAny = 2;  // scores above the worst useful value

// The first of the ascending values, as far as the limit; all where that says next to nothing.
std::span<const double> useful(std::span<const double> ascending, double limit) {
  const auto below = std::ranges::upper_bound(ascending, limit) - ascending.begin();
  const auto count = static_cast<std::size_t>(below);
  const bool enough =
      count >= NormalScores::kFewestUseful && ascending.front() < ascending[count - 1];
  return enough ? ascending.first(count) : ascending;
}

}  // namespace

NormalScores::NormalScores(std::span<const double> values, double limit) {
  PARE_CHECK(!values.empty(), "scores of no values");
  std::vector<double> all(values.begin(), values.end());
  std::ranges::sort(all);
  const std::span<const double> sorted = useful(all, limit);
  const auto n = static_cast<double>(sorted.size());
  for (std::size_t first = 0; first < sorted.size();) {
    std::size_t last = first;
    while (last < sorted.size() && sorted[last] == sorted[first]) ++last;
    values_.push_back(sorted[first]);
    scores_.push_back(normal_quantile(0.5 * static_cast<double>(first + last) / n));
    first = last;
  }
  if (sorted.size() < all.size()) {
    slope_above_ = (scores_.back() - scores_.front()) / (values_.back() - values_.front());
    standardise(all);
  }
}

void NormalScores::standardise(std::span<const double> values) {
  double sum = 0;
  double squares = 0;
  for (const double value : values) {
    const double score = unscaled(value);
    sum += score;
    squares += score * score;
  }
  const auto n = static_cast<double>(values.size());
  centre_ = sum / n;
  spread_ = std::sqrt(squares / n - centre_ * centre_);
}

double NormalScores::operator()(double value) const noexcept {
  return (unscaled(value) - centre_) / spread_;
}

double NormalScores::unscaled(double value) const noexcept {
  if (values_.size() == 1) return scores_.front();
  if (slope_above_ > 0 && value > values_.back()) {
    return scores_.back() + std::min(kAsBadAsAny, slope_above_ * (value - values_.back()));
  }
  const auto above = std::ranges::upper_bound(values_, value) - values_.begin();
  const auto last = static_cast<std::ptrdiff_t>(values_.size()) - 1;
  const auto right = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(above, 1, last));
  const double slope =
      (scores_[right] - scores_[right - 1]) / (values_[right] - values_[right - 1]);
  const double score = scores_[right - 1] + slope * (value - values_[right - 1]);
  return std::clamp(score, scores_.front() - 1, scores_.back() + 1);
}

}  // namespace pare::search
