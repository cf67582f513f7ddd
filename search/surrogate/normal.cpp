#include "search/surrogate/normal.h"

#include <cmath>
#include <numbers>

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

}  // namespace pare::search
