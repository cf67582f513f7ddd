#include "search/surrogate/improvement.h"

#include <algorithm>
#include <cmath>

#include "search/hypervolume.h"
#include "search/pareto_front.h"

namespace pare::search {
namespace {

// The i-th term of the van der Corput sequence in this base, in (0, 1).
double radical_inverse(int i, int base) {
  double value = 0;
  double digit = 1.0 / base;
  for (; i > 0; i /= base, digit /= base) value += digit * (i % base);
  return value;
}

constexpr int kPrimes[] = {2, 3, 5, 7, 11, 13};

}  // namespace

void Improvement::add(const std::vector<double>& point) {
  for (std::size_t k = 0; k < point.size(); ++k) {
    if (!(point[k] < reference_[k])) return;
  }
  for (const auto& other : front_) {
    if (other == point || dominates(other, point)) return;
  }
  std::erase_if(front_, [&](const auto& other) { return dominates(point, other); });
  front_.insert(std::ranges::upper_bound(front_, point), point);
}

double Improvement::hypervolume() const {
  return search::hypervolume(front_, reference_);
}

double Improvement::gained(const std::vector<double>& point) const {
  double volume = 1;
  for (std::size_t k = 0; k < point.size(); ++k) {
    if (!(point[k] < reference_[k])) return 0;
    volume *= reference_[k] - point[k];
  }
  std::vector<std::vector<double>> shared = front_;
  for (auto& other : shared) {
    for (std::size_t k = 0; k < point.size(); ++k) other[k] = std::max(other[k], point[k]);
  }
  return volume - search::hypervolume(shared, reference_);
}

double Improvement::expected_in_strips(const NormalValue& first, const NormalValue& second) const {
  double expected = 0;
  double left = 0;  // of the strip: E[max(0, its left end - F1)]
  double height = expected_excess(reference_[1], second.mean, second.deviation);
  for (const auto& corner : front_) {
    const double right = expected_excess(corner[0], first.mean, first.deviation);
    expected += (right - left) * height;
    left = right;
    height = expected_excess(corner[1], second.mean, second.deviation);
  }
  const double right = expected_excess(reference_[0], first.mean, first.deviation);
  return expected + (right - left) * height;
}

double Improvement::expected(std::span<const NormalValue> point) const {
  if (point.size() == 1) {
    const double best = front_.empty() ? reference_[0] : front_.front()[0];
    return expected_excess(best, point[0].mean, point[0].deviation);
  }
  if (point.size() == 2) return expected_in_strips(point[0], point[1]);
  double sum = 0;
  std::vector<double> drawn(point.size());
  for (int i = 1; i <= kDraws; ++i) {
    for (std::size_t k = 0; k < point.size(); ++k) {
      const double u = radical_inverse(i, kPrimes[k % std::size(kPrimes)]);
      drawn[k] = point[k].mean + point[k].deviation * normal_quantile(u);
    }
    sum += gained(drawn);
  }
  return sum / kDraws;
}

}  // namespace pare::search
