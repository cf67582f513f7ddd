#include "core/half_samples.h"

#include <cmath>
#include <numbers>
#include <numeric>

namespace pare {
namespace {

constexpr double kNothing = -1;

constexpr double kBiasOverItsGrowth = 1 / kBiasGrowth;

struct Spread {
  double mean = 0;
  double variance = 0;       // of a draw
  double pair_variance = 0;  // of the mean of a pair, which is 0 for a mean over images
  int pairs = 0;
};

// Two draws of each pair.  0 pairs where there are fewer than two.
Spread spread_of(const std::vector<double>& paired) {
  if (paired.size() < 4) return {};
  Spread out{.pairs = static_cast<int>(paired.size() / 2)};
  out.mean =
      std::accumulate(paired.begin(), paired.end(), 0.0) / static_cast<double>(paired.size());
  for (std::size_t i = 0; i < paired.size(); i += 2) {
    const double first = paired[i] - out.mean;
    const double second = paired[i + 1] - out.mean;
    out.variance += (first * first + second * second) / static_cast<double>(paired.size() - 1);
    out.pair_variance += (first + second) * (first + second) / 4 / (out.pairs - 1);
  }
  return out;
}

bool is_whole(std::span<const double> draws, std::size_t pair) {
  return draws[pair] != kNothing && draws[pair + 1] != kNothing;
}

// Those pairs whose halves both hold something.
std::vector<double> whole_pairs(std::span<const double> draws) {
  std::vector<double> kept;
  for (std::size_t i = 0; i + 1 < draws.size(); i += 2) {
    if (is_whole(draws, i)) kept.insert(kept.end(), {draws[i], draws[i + 1]});
  }
  return kept;
}

// Student's, by bisection of the normal and its expansion in 1/freedom (Fisher, 1926).
double student_quantile(double share, double freedom) {
  double low = -40;
  double high = 40;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (std::erfc(-middle / std::numbers::sqrt2) / 2 < share ? low : high) = middle;
  }
  const double z = (low + high) / 2;
  return z + (z * z * z + z) / (4 * freedom);
}

std::optional<ConfidenceInterval> around(double centre, double variance, int pairs, double alpha) {
  if (pairs == 0) return std::nullopt;
  const double reach = student_quantile(1 - alpha / 2, pairs) * std::sqrt(variance);
  return ConfidenceInterval{centre - reach, centre + reach};
}

}  // namespace

std::optional<ConfidenceInterval> interval_of(double value, std::span<const double> draws,
                                              double alpha) {
  const Spread spread = spread_of(whole_pairs(draws));
  const double bias = kBiasOverItsGrowth * (spread.mean - value);
  const double of_bias = kBiasOverItsGrowth * kBiasOverItsGrowth * spread.pair_variance;
  return around(value - bias, spread.variance + of_bias, spread.pairs, alpha);
}

std::optional<ConfidenceInterval> interval_of_difference(double difference,
                                                         std::span<const double> draws_a,
                                                         std::span<const double> draws_b,
                                                         double alpha) {
  if (draws_a.size() != draws_b.size()) return std::nullopt;
  std::vector<double> apart;
  for (std::size_t i = 0; i + 1 < draws_a.size(); i += 2) {
    if (!is_whole(draws_a, i) || !is_whole(draws_b, i)) continue;
    apart.insert(apart.end(), {draws_b[i] - draws_a[i], draws_b[i + 1] - draws_a[i + 1]});
  }
  const Spread spread = spread_of(apart);
  return around(difference, spread.variance, spread.pairs, alpha);
}

std::vector<double> centred_on(double value, std::span<const double> draws) {
  const Spread spread = spread_of(whole_pairs(draws));
  std::vector<double> out(draws.size(), kNothing);
  for (std::size_t i = 0; spread.pairs > 0 && i + 1 < draws.size(); i += 2) {
    if (!is_whole(draws, i)) continue;
    out[i] = value + draws[i] - spread.mean;
    out[i + 1] = value + draws[i + 1] - spread.mean;
  }
  return out;
}

double half_width_with(const ConfidenceInterval& interval, int images, int wanted) {
  return (interval.high - interval.low) / 2 * std::sqrt(static_cast<double>(images) / wanted);
}

}  // namespace pare
