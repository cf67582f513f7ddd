#include "engine/quant/weight_grid.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <utility>

#include "engine/quant/column_sweep.h"

namespace pare::engine {
namespace {

// Shares of a channel's largest weight that are tried for the highest level: with few levels it
// pays to clip.
constexpr std::array kShares = {1.0F, 0.95F, 0.9F, 0.85F, 0.8F, 0.75F,
                                0.7F, 0.65F, 0.6F, 0.55F, 0.5F, 0.45F};
constexpr int kLargestPower = 6;  // powers of two: 2^0 .. 2^-6, 0 and both signs are 15 levels
constexpr std::size_t kCentres = 16;
constexpr int kLloydRounds = 30;  // of k-means

// Which output channel each weight belongs to.
class Channels {
 public:
  Channels(const Shape& shape, std::size_t axis)
      : count_(static_cast<std::size_t>(shape[axis])),
        behind_(static_cast<std::size_t>(element_count(std::span(shape).subspan(axis + 1)))) {}
  std::size_t count() const { return count_; }
  std::size_t of(std::size_t weight) const { return weight / behind_ % count_; }

 private:
  std::size_t count_;
  std::size_t behind_;
};

std::size_t nearest(std::span<const float> levels, float value) {
  const auto above = std::ranges::lower_bound(levels, value);
  if (above == levels.begin()) return 0;
  if (above == levels.end()) return levels.size() - 1;
  const bool lower = value - *(above - 1) <= *above - value;
  return static_cast<std::size_t>(above - levels.begin()) - (lower ? 1 : 0);
}

std::vector<float> linear_levels(int bits) {
  const int limit = (1 << (bits - 1)) - 1;
  std::vector<float> levels;
  for (int level = -limit; level <= limit; ++level) {
    levels.push_back(static_cast<float>(level));
  }
  return levels;
}

std::vector<float> powers_of_two() {
  std::vector<float> levels = {0};
  for (int power = 0; power <= kLargestPower; ++power) {
    levels.push_back(std::ldexp(1.0F, -power));
    levels.push_back(-std::ldexp(1.0F, -power));
  }
  std::ranges::sort(levels);
  return levels;
}

// Lloyd's rounds over sorted numbers, from their quantiles; the centre nearest to 0 becomes 0.
std::vector<float> centres_of(std::vector<float> values) {
  std::ranges::sort(values);
  std::vector<double> sums(values.size() + 1, 0);
  std::partial_sum(values.begin(), values.end(), sums.begin() + 1,
                   [](double sum, double value) { return sum + value; });
  std::vector<float> centres(std::min(kCentres, values.size()));
  for (std::size_t c = 0; c < centres.size(); ++c) {
    centres[c] = values[(2 * c + 1) * values.size() / (2 * centres.size())];
  }
  for (int round = 0; round < kLloydRounds; ++round) {
    std::size_t begin = 0;
    for (std::size_t c = 0; c < centres.size(); ++c) {
      const bool last = c + 1 == centres.size();
      const float border = last ? 0 : (centres[c] + centres[c + 1]) / 2;
      const auto end =
          last
              ? values.size()
              : static_cast<std::size_t>(std::ranges::upper_bound(values, border) - values.begin());
      if (end > begin) {
        centres[c] =
            static_cast<float>((sums[end] - sums[begin]) / static_cast<double>(end - begin));
      }
      begin = std::max(begin, end);
    }
    std::ranges::sort(centres);
  }
  *std::ranges::min_element(centres, {}, [](float c) { return std::abs(c); }) = 0;
  return centres;
}

std::vector<float> largest_of(std::span<const float> values, const Channels& channels) {
  std::vector<float> largest(channels.count(), 0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    float& one = largest[channels.of(i)];
    one = std::max(one, std::abs(values[i]));
  }
  for (float& one : largest) {
    if (!(one > 0)) one = 1;  // a channel of zeros needs some scale
  }
  return largest;
}

// Of each channel the share of its scale that leaves the least squared error.
std::vector<float> clipped(std::span<const float> values, const Channels& channels,
                           std::span<const float> levels, const std::vector<float>& scales) {
  std::vector<double> least(channels.count(), std::numeric_limits<double>::infinity());
  std::vector<float> best = scales;
  for (const float share : kShares) {
    std::vector<double> error(channels.count(), 0);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::size_t c = channels.of(i);
      const float scale = share * scales[c];
      const double miss = values[i] - scale * levels[nearest(levels, values[i] / scale)];
      error[c] += miss * miss;
    }
    for (std::size_t c = 0; c < error.size(); ++c) {
      if (error[c] < least[c]) {
        least[c] = error[c];
        best[c] = share * scales[c];
      }
    }
  }
  return best;
}

std::vector<float> divided(std::span<const float> values, const Channels& channels,
                           const std::vector<float>& scales) {
  std::vector<float> out(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) out[i] = values[i] / scales[channels.of(i)];
  return out;
}

// Levels and scales; no codes yet.
GriddedWeights grid_for(std::span<const float> values, const Channels& channels,
                        const WeightStorage& storage) {
  GriddedWeights grid;
  grid.scales = largest_of(values, channels);
  switch (storage.grid) {
    case WeightGrid::kLinear: grid.levels = linear_levels(storage.bits); break;
    case WeightGrid::kPowerOfTwo: grid.levels = powers_of_two(); break;
    case WeightGrid::kCodebook:
      grid.levels = centres_of(divided(values, channels, grid.scales));
      return grid;
  }
  for (float& scale : grid.scales) scale /= grid.levels.back();
  if (storage.bits == 4) grid.scales = clipped(values, channels, grid.levels, grid.scales);
  return grid;
}

Result<std::monostate> check_weights(const Tensor& weights, std::size_t axis, int bits) {
  if (bits != 8 && bits != 4) {
    return Error{ErrorCode::kInvalidArgument,
                 "a grid has 8 or 4 bits, not " + std::to_string(bits)};
  }
  if (weights.dtype() != DType::kFloat32 || weights.size() == 0 || axis >= weights.shape().size()) {
    return Error{ErrorCode::kInvalidArgument,
                 "weights of " + std::string(name_of(weights.dtype())) + " " +
                     to_string(weights.shape()) + " cannot be put on a grid"};
  }
  if (!std::ranges::all_of(weights.values<float>(), [](float w) { return std::isfinite(w); })) {
    return Error{ErrorCode::kInvalidArgument, "weights that are not finite"};
  }
  return std::monostate{};
}

}  // namespace

Result<GriddedWeights> put_on_grid(const Tensor& weights, std::size_t axis,
                                   const WeightStorage& storage) {
  if (const auto fit = check_weights(weights, axis, storage.bits); !fit) return fit.error();
  const auto values = weights.values<float>();
  const Channels channels(weights.shape(), axis);
  GriddedWeights grid = grid_for(values, channels, storage);
  for (const float value : divided(values, channels, grid.scales)) {
    grid.codes.push_back(static_cast<std::uint8_t>(nearest(grid.levels, value)));
  }
  return grid;
}

Result<GriddedLayer> put_on_grid_second_order(const Tensor& weights, const Tensor* bias,
                                              const WeightStorage& storage,
                                              const InputMoments& moments) {
  if (const auto fit = check_weights(weights, 0, storage.bits); !fit) return fit.error();
  auto begun = begin_sweep(weights, bias, moments);
  if (!begun) return begun.error();
  ColumnSweep sweep = std::move(begun).value();
  GriddedWeights grid = grid_for(weights.values<float>(), Channels(weights.shape(), 0), storage);
  const std::size_t inputs = static_cast<std::size_t>(weights.size()) / grid.scales.size();
  grid.codes.resize(static_cast<std::size_t>(weights.size()));
  replace_in_order(sweep, [&](Eigen::Index output, Eigen::Index input, double value) {
    const auto o = static_cast<std::size_t>(output);
    const std::size_t level = nearest(grid.levels, static_cast<float>(value) / grid.scales[o]);
    grid.codes[o * inputs + static_cast<std::size_t>(input)] = static_cast<std::uint8_t>(level);
    return double{grid.levels[level]} * grid.scales[o];
  });
  return GriddedLayer{std::move(grid), bias_left(sweep)};
}

Tensor values_of(const GriddedWeights& weights, const Shape& shape, std::size_t axis) {
  const Channels channels(shape, axis);
  std::vector<float> values(weights.codes.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = weights.levels[weights.codes[i]] * weights.scales[channels.of(i)];
  }
  return Tensor::of<float>(shape, values);
}

}  // namespace pare::engine
