// The normal distribution.
#pragma once

namespace pare::search {

struct NormalValue {
  double mean = 0;
  double deviation = 1;
};

double normal_density(double z) noexcept;
double normal_cdf(double z) noexcept;

// The z with normal_cdf(z) == p, to 1e-9.  REQUIRES: 0 < p < 1.
double normal_quantile(double p) noexcept;

// E[max(0, x - F)] for F normal: what the expected improvements are made of.  REQUIRES: deviation >
// 0.
double expected_excess(double x, double mean, double deviation) noexcept;

}  // namespace pare::search
