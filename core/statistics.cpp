#include "core/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "core/check.h"

namespace pare {
namespace {

constexpr std::size_t kFewestObservations = 5;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Correlations of neighbours: half the mixture on none, the rest shared by the others.
constexpr int kCorrelations = 9;
constexpr double kCorrelationStep = 0.1;
constexpr double kWeightOfNone = 0.5;
// Squared spread of the mixture of means over the noise's: large, so that a few blocks suffice
// where two detectors differ by much, which they mostly do; at 60 blocks it costs a tenth.
constexpr double kMixtureSpread = 30;

// What the observations, their mean taken off, say under one correlation r of neighbours: with W
// the inverse of their correlation matrix times (1 - r^2) and 1 the vector of ones, the quadratic
// form (x - mu)' W (x - mu) is xx - 2 mu x1 + mu^2 ones.
struct Correlated {
  double weight = 0;   // of the mixture
  double log_det = 0;  // half of log det W
  double xx = 0;
  double x1 = 0;
  double ones = 0;

  double form(double mu) const { return xx - 2 * mu * x1 + mu * mu * ones; }
};

// Rounding may leave a form that is none: noise that some correlation explains to the last digit.
double log_of_form(double form) {
  return std::log(std::max(form, std::numeric_limits<double>::min()));
}

std::vector<Correlated> under_each_correlation(std::span<const double> x) {
  std::vector<Correlated> all;
  for (int i = 0; i < kCorrelations; ++i) {
    const double r = i * kCorrelationStep;
    const double first = 1 - r * r;  // the first observation has nothing before it
    Correlated one{.weight = i == 0 ? kWeightOfNone : (1 - kWeightOfNone) / (kCorrelations - 1),
                   .log_det = std::log(first) / 2,
                   .xx = first * x[0] * x[0],
                   .x1 = first * x[0],
                   .ones = first + static_cast<double>(x.size() - 1) * (1 - r) * (1 - r)};
    for (std::size_t t = 1; t < x.size(); ++t) {
      const double innovation = x[t] - r * x[t - 1];
      one.xx += innovation * innovation;
      one.x1 += (1 - r) * innovation;
    }
    all.push_back(one);
  }
  return all;
}

// Logarithm of the e-value of a mean; `forms_of` gives the form under the mean and the smaller one
// under the mixture.
template <typename Forms>
double log_e_value(const std::vector<Correlated>& all, double n, const Forms& forms_of) {
  double best = -kInfinity;
  double mixture = 0;
  std::vector<double> terms;
  for (const Correlated& one : all) {
    const auto [null, alternative] = forms_of(one);
    best = std::max(best, one.log_det - n / 2 * log_of_form(null));
    const double shrink = 1 + kMixtureSpread * one.ones;
    terms.push_back(std::log(one.weight) + one.log_det - std::log(shrink) / 2 -
                    n / 2 * log_of_form(alternative));
  }
  const double largest = *std::ranges::max_element(terms);
  for (const double term : terms) mixture += std::exp(term - largest);
  return largest + std::log(mixture) - best;
}

double log_e_value_of(const std::vector<Correlated>& all, double n, double mu) {
  return log_e_value(all, n, [mu](const Correlated& one) {
    const double pull = one.x1 - mu * one.ones;
    const double null = one.form(mu);
    return std::pair(null, null - pull * pull / (1 / kMixtureSpread + one.ones));
  });
}

// Of a mean that is infinitely far away.
double log_e_value_at_infinity(const std::vector<Correlated>& all, double n) {
  return log_e_value(all, n, [](const Correlated& one) {
    return std::pair(one.ones, one.ones / (1 + kMixtureSpread * one.ones));
  });
}

// The outermost mean on one side of the centre that the e-value does not exclude, as a distance.
double reach(const std::vector<Correlated>& all, double n, double centre, double step,
             double bound) {
  const auto excluded = [&](double distance) {
    return log_e_value_of(all, n, centre + distance) >= bound;
  };
  double out = std::ldexp(step, 20);
  if (!excluded(out)) return std::copysign(kInfinity, step);
  double in = out / 2;
  for (; std::abs(in) > std::abs(step) * 1e-9 && excluded(in); in /= 2) out = in;
  for (int halved = 0; halved < 50; ++halved) {
    const double middle = (in + out) / 2;
    (excluded(middle) ? out : in) = middle;
  }
  return out;
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

SequenceLook confidence_sequence(std::span<const double> observations, double alpha) {
  PARE_CHECK(!observations.empty(), "a sequence of nothing");
  const auto n = static_cast<double>(observations.size());
  const double mean = std::accumulate(observations.begin(), observations.end(), 0.0) / n;
  std::vector<double> x;  // around 0, so that no digits are lost in the forms
  double squares = 0;
  for (const double observation : observations) {
    x.push_back(observation - mean);
    squares += x.back() * x.back();
  }
  const ConfidenceInterval everything{-kInfinity, kInfinity};
  const auto all = under_each_correlation(x);
  const double bound = -std::log(alpha);
  const bool silent = log_e_value_at_infinity(all, n) <= bound;
  if (!(squares > 0)) {
    const bool few = silent || observations.size() < kFewestObservations;
    return {mean, few ? everything : ConfidenceInterval{mean, mean}};
  }
  double centre = 0;
  double likeliest = -kInfinity;
  for (const Correlated& one : all) {
    const double at = one.x1 / one.ones;
    const double likelihood = one.log_det - n / 2 * log_of_form(one.form(at));
    if (likelihood <= likeliest) continue;
    likeliest = likelihood;
    centre = at;
  }
  if (silent || observations.size() < kFewestObservations) return {mean + centre, everything};
  const double spread = std::sqrt(squares / n);
  return {mean + centre,
          {mean + centre + reach(all, n, centre, -spread, bound),
           mean + centre + reach(all, n, centre, spread, bound)}};
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
