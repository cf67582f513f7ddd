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

NormalScores::NormalScores(std::span<const double> values) {
  PARE_CHECK(!values.empty(), "scores of no values");
  std::vector<double> sorted(values.begin(), values.end());
  std::ranges::sort(sorted);
  const auto n = static_cast<double>(sorted.size());
  for (std::size_t first = 0; first < sorted.size();) {
    std::size_t last = first;
    while (last < sorted.size() && sorted[last] == sorted[first]) ++last;
    values_.push_back(sorted[first]);
    scores_.push_back(normal_quantile(0.5 * static_cast<double>(first + last) / n));
    first = last;
  }
}

double NormalScores::operator()(double value) const noexcept {
  if (values_.size() == 1) return scores_.front();
  const auto above = std::ranges::upper_bound(values_, value) - values_.begin();
  const auto last = static_cast<std::ptrdiff_t>(values_.size()) - 1;
  const auto right = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(above, 1, last));
  const double slope =
      (scores_[right] - scores_[right - 1]) / (values_[right] - values_[right - 1]);
  const double score = scores_[right - 1] + slope * (value - values_[right - 1]);
  return std::clamp(score, scores_.front() - 1, scores_.back() + 1);
}

}  // namespace pare::search
