#include "search/surrogate/scores.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "core/check.h"
#include "core/quantile.h"

namespace pare::search {
namespace {

constexpr double kBeyond = 1;      // scores outside of those seen
constexpr double kAsBadAsAny = 2;  // scores above the worst useful value
constexpr double kLinear = 2;      // deviations within which values are about themselves
constexpr double kLeastDeviation = 1e-4;

// The first of the ascending values, as far as the limit; all where that says next to nothing.
std::span<const double> useful(std::span<const double> ascending, double limit) {
  const auto below = std::ranges::upper_bound(ascending, limit) - ascending.begin();
  const auto count = static_cast<std::size_t>(below);
  const bool enough = count >= Scores::kFewestUseful && ascending.front() < ascending[count - 1];
  return enough ? ascending.first(count) : ascending;
}

// Of the distinct values, in their order.
std::vector<double> ranked(std::span<const double> ascending) {
  const auto n = static_cast<double>(ascending.size());
  std::vector<double> scores;
  for (std::size_t first = 0; first < ascending.size();) {
    std::size_t last = first;
    while (last < ascending.size() && ascending[last] == ascending[first]) ++last;
    scores.push_back(normal_quantile(0.5 * static_cast<double>(first + last) / n));
    first = last;
  }
  return scores;
}

}  // namespace

Scores::Scores(std::span<const double> values, Warp warp, double limit) {
  PARE_CHECK(!values.empty(), "scores of no values");
  std::vector<double> all(values.begin(), values.end());
  std::ranges::sort(all);
  const std::span<const double> sorted = useful(all, limit);
  std::ranges::unique_copy(sorted, std::back_inserter(values_));
  const double middle = quantile(sorted, 0.5);
  const double deviation = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / kMiddleHalfOfNormal;
  if (warp == Warp::kValues && values_.size() >= kFewestValues && deviation > 0) {
    for (const double value : values_) {
      scores_.push_back(kLinear * std::asinh((value - middle) / (kLinear * deviation)));
    }
  } else {
    scores_ = ranked(sorted);
  }
  if (sorted.size() < all.size()) {
    slope_above_ = (scores_.back() - scores_.front()) / (values_.back() - values_.front());
    standardise(all);
  }
}

void Scores::standardise(std::span<const double> values) {
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

double Scores::operator()(double value) const noexcept {
  return scaled(unscaled(value));
}

double Scores::lowest() const noexcept {
  return scaled(scores_.front() - kBeyond);
}

double Scores::highest() const noexcept {
  return scaled(scores_.back() + (slope_above_ > 0 ? kAsBadAsAny : kBeyond));
}

NormalValue Scores::within_bounds(const NormalValue& believed) const noexcept {
  const auto cut = [&](double score) { return std::clamp(score, lowest(), highest()); };
  const double reach =
      0.5 * (cut(believed.mean + believed.deviation) - cut(believed.mean - believed.deviation));
  return {cut(believed.mean), std::max(reach, kLeastDeviation)};
}

double Scores::unscaled(double value) const noexcept {
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
  return std::clamp(score, scores_.front() - kBeyond, scores_.back() + kBeyond);
}

}  // namespace pare::search
