#include "core/samples.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/check.h"

namespace pare {
namespace {

std::vector<double> sorted(std::span<const double> samples) {
  std::vector<double> copy(samples.begin(), samples.end());
  std::ranges::sort(copy);
  return copy;
}

double median_of(const std::vector<double>& ascending) {
  const std::size_t middle = ascending.size() / 2;
  if (ascending.size() % 2 == 1) return ascending[middle];
  return (ascending[middle - 1] + ascending[middle]) / 2;
}

std::optional<Millis> nearest_rank(std::span<const double> samples, double share,
                                   std::size_t needed) {
  if (samples.size() < needed) return std::nullopt;
  const auto rank =
      static_cast<std::size_t>(std::ceil(share * static_cast<double>(samples.size())));
  return Millis(sorted(samples)[rank - 1]);
}

}  // namespace

std::size_t median_interval_rank(std::size_t n) {
  PARE_CHECK(n > 0, "an interval of no samples");
  // P(Binomial(n, 1/2) = i) by logarithms: 2^-n underflows from n = 1075 on.
  double log_mass = -static_cast<double>(n) * std::log(2.0);
  double below = 0;
  std::size_t rank = 0;
  for (std::size_t i = 0; i < n / 2; ++i) {
    below += std::exp(log_mass);
    if (2 * below > 0.05) break;
    rank = i;
    log_mass += std::log(static_cast<double>(n - i)) - std::log(static_cast<double>(i + 1));
  }
  return rank;
}

Latency summarize(std::span<const double> samples_ms) {
  PARE_CHECK(!samples_ms.empty(), "a median of no samples");
  const std::vector<double> ascending = sorted(samples_ms);
  const std::size_t rank = median_interval_rank(ascending.size());
  return {.median = Millis(median_of(ascending)),
          .low = Millis(ascending[rank]),
          .high = Millis(ascending[ascending.size() - 1 - rank]),
          .samples = static_cast<int>(ascending.size())};
}

double relative_half_width(std::span<const double> samples_ms) {
  const Latency latency = summarize(samples_ms);
  return (latency.high - latency.low) / latency.median / 2;
}

std::optional<Millis> p90(std::span<const double> samples_ms) {
  return nearest_rank(samples_ms, 0.90, 64);
}

std::optional<Millis> p99(std::span<const double> samples_ms) {
  return nearest_rank(samples_ms, 0.99, 662);
}

}  // namespace pare
