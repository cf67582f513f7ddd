#include "core/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/check.h"

namespace pare {
namespace {

constexpr std::size_t kFewestObservations = 5;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

double mean(std::span<const double> x) {
  return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}

}  // namespace

double median(std::span<const double> samples) {
  PARE_CHECK(!samples.empty(), "the median of nothing");
  std::vector<double> x(samples.begin(), samples.end());
  const std::size_t middle = x.size() / 2;
  std::ranges::nth_element(x, x.begin() + static_cast<std::ptrdiff_t>(middle));
  const double upper = x[middle];
  if (x.size() % 2 == 1) return upper;
  const double lower =
      *std::max_element(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(middle));
  return lower + (upper - lower) / 2;
}

double lag1_autocorrelation(std::span<const double> samples) {
  if (samples.size() < 3) return 0.0;
  const double m = mean(samples);
  double products = 0.0;
  double squares = 0.0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    squares += (samples[i] - m) * (samples[i] - m);
    if (i > 0) products += (samples[i] - m) * (samples[i - 1] - m);
  }
  return squares > 0 ? products / squares : 0.0;
}

std::vector<double> merge_correlated(std::vector<double> blocks, int min_blocks) {
  while (blocks.size() / 2 >= static_cast<std::size_t>(std::max(1, min_blocks)) &&
         lag1_autocorrelation(blocks) > 2 / std::sqrt(static_cast<double>(blocks.size()))) {
    for (std::size_t i = 0; i < blocks.size() / 2; ++i) {
      blocks[i] = (blocks[2 * i] + blocks[2 * i + 1]) / 2;
    }
    blocks.resize(blocks.size() / 2);
  }
  return blocks;
}

ConfidenceInterval confidence_sequence(std::span<const double> observations, double alpha,
                                       double g) {
  if (observations.size() < kFewestObservations) return {-kInfinity, kInfinity};
  const double n = static_cast<double>(observations.size());
  const double nu = n - 1;
  const double spread = 1 + n * g;
  const double r = std::pow(std::sqrt(spread) / alpha, 2 / n);
  if (r >= spread) return {-kInfinity, kInfinity};
  const double u = (r - 1) / (1 - r / spread);
  const double m = mean(observations);
  double squares = 0.0;
  for (const double x : observations) squares += (x - m) * (x - m);
  const double s = std::sqrt(squares / nu);
  const double half = s * std::sqrt(nu * u / n);
  return {m - half, m + half};
}

std::string_view name_of(LatencyVerdict verdict) noexcept {
  switch (verdict) {
    case LatencyVerdict::kFaster: return "FASTER";
    case LatencyVerdict::kSlower: return "SLOWER";
    case LatencyVerdict::kEquivalent: return "EQUIVALENT";
    case LatencyVerdict::kInconclusive: return "INCONCLUSIVE";
  }
  return "";
}

std::string_view name_of(AccuracyVerdict verdict) noexcept {
  switch (verdict) {
    case AccuracyVerdict::kNotWorse: return "NOT_WORSE";
    case AccuracyVerdict::kWorse: return "WORSE";
    case AccuracyVerdict::kInconclusive: return "INCONCLUSIVE";
  }
  return "";
}

std::string_view name_of(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::kBetter: return "BETTER";
    case Verdict::kNotBetter: return "NOT_BETTER";
    case Verdict::kInconclusive: return "INCONCLUSIVE";
  }
  return "";
}

LatencyVerdict latency_verdict(ConfidenceInterval log_ratio, double margin) {
  const double bound = std::log1p(margin);
  if (log_ratio.low > -bound && log_ratio.high < bound) return LatencyVerdict::kEquivalent;
  if (log_ratio.high < 0) return LatencyVerdict::kFaster;
  if (log_ratio.low > 0) return LatencyVerdict::kSlower;
  return LatencyVerdict::kInconclusive;
}

AccuracyVerdict accuracy_verdict(ConfidenceInterval delta, double margin) {
  if (delta.low > -margin) return AccuracyVerdict::kNotWorse;
  if (delta.high < -margin) return AccuracyVerdict::kWorse;
  return AccuracyVerdict::kInconclusive;
}

Verdict overall_verdict(LatencyVerdict latency, AccuracyVerdict accuracy) {
  if (latency == LatencyVerdict::kFaster && accuracy == AccuracyVerdict::kNotWorse) {
    return Verdict::kBetter;
  }
  const bool settled = latency == LatencyVerdict::kSlower ||
                       latency == LatencyVerdict::kEquivalent ||
                       accuracy == AccuracyVerdict::kWorse;
  return settled ? Verdict::kNotBetter : Verdict::kInconclusive;
}

}  // namespace pare
