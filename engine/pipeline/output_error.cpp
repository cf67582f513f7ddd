#include "engine/pipeline/output_error.h"

#include <utility>

namespace pare::engine {

Reference::Reference(Tensor map, const PositionWeights& weights) : map_(std::move(map)) {
  const Shape& shape = map_.shape();
  const bool is_map = shape.size() == 4;
  channels_ = shape.size() > 1 ? shape[1] : 1;
  positions_ = map_.size() / channels_;
  weight_.assign(static_cast<std::size_t>(positions_), 1);
  if (!is_map) return;
  for (std::int64_t p = 0; p < positions_; ++p) {
    weight_[static_cast<std::size_t>(p)] =
        weights.at(p / shape[3], p % shape[3], shape[2], shape[3]);
  }
}

void Reference::add_variance(std::vector<double>& total) const {
  const auto all = map_.values<float>();
  const auto size = static_cast<std::size_t>(positions_);
  for (std::size_t c = 0; c < channels(); ++c) {
    double sum = 0, square = 0, weights = 0;
    for (std::size_t p = 0; p < size; ++p) {
      const double x = double{all[c * size + p]}, w = double{weight_[p]};
      sum += w * x;
      square += w * x * x;
      weights += w;
    }
    total[c] += square - sum * sum / weights;
  }
}

void Reference::add_error(const Tensor& other, std::vector<double>& total) const {
  const auto a = map_.values<float>(), b = other.values<float>();
  const auto size = static_cast<std::size_t>(positions_);
  for (std::size_t c = 0; c < channels(); ++c) {
    for (std::size_t p = 0; p < size; ++p) {
      const double d = double{a[c * size + p]} - double{b[c * size + p]};
      total[c] += double{weight_[p]} * d * d;
    }
  }
}

double relative(const PerChannel& error, const PerChannel& variance, const PerChannel& shares) {
  double total = 0;
  for (std::size_t o = 0; o < error.size(); ++o) {
    for (std::size_t c = 0; c < error[o].size(); ++c) {
      if (variance[o][c] > 0) total += shares[o][c] * error[o][c] / variance[o][c];
    }
  }
  return total;
}

}  // namespace pare::engine
