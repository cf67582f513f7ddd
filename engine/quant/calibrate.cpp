#include "engine/quant/calibrate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>

namespace pare::engine {
namespace {

constexpr double kTail = 0.5e-4;  // left out on either side by kPercentile
constexpr double kLevels = 255;

constexpr int highest_level(int bits) {
  return (1 << bits) - 1;
}

double total_of(const Distribution& values) {
  double total = 0;
  for (const Bin& bin : values.bins) total += bin.count;
  return total;
}

// From either end: the edge behind which no more than the tail lies, straight inside a bin.
double percentile(const Distribution& values, bool from_above) {
  const double tail = total_of(values) * kTail;
  double passed = 0;
  const std::size_t count = values.bins.size();
  for (std::size_t i = 0; i < count; ++i) {
    const Bin& bin = values.bins[from_above ? count - 1 - i : i];
    if (passed + bin.count > tail) {
      const double share = (tail - passed) / bin.count;
      const double length = bin.high - bin.low;
      return from_above ? bin.high - share * length : bin.low + share * length;
    }
    passed += bin.count;
  }
  return 0;
}

double behind(FollowedBy function, double x) {
  const double sigmoid = 1 / (1 + std::exp(-x));
  switch (function) {
    case FollowedBy::kSilu: return x * sigmoid;
    case FollowedBy::kSigmoid: return sigmoid;
    case FollowedBy::kOther: break;
  }
  return x;
}

// Expected squared error of the values in [low, high], where zero is representable.
class SquaredError {
 public:
  SquaredError(const Distribution& values, FollowedBy function) : function_(function) {
    for (const Bin& bin : values.bins) {
      const double length = (bin.high - bin.low) / 3;
      for (const double at : {0.5, 1.5, 2.5}) {
        const double x = bin.low + at * length;
        points_.push_back({x, behind(function, x), length, bin.count / 3});
      }
    }
  }

  double operator()(double low, double high) const {
    const double scale = (high - low) / kLevels;
    const double typical = scale / std::sqrt(12.0);  // error of rounding somewhere between levels
    double error = 0;
    for (const Point& point : points_) {
      const double clipped = std::clamp(point.x, low, high);
      double becomes = std::nearbyint(clipped / scale) * scale;
      if (clipped == point.x && point.length > scale) becomes = point.x + typical;
      const double miss = behind(function_, becomes) - point.y;
      error += point.count * miss * miss;
    }
    return error;
  }

 private:
  struct Point {
    double x, y, length, count;
  };
  FollowedBy function_;
  std::vector<Point> points_;
};

// The same values in finer bins: the density runs straight from the middle of one bin to that of
// the next, so that it has the slopes that quantizing flattens.  Every bin keeps its count.
std::vector<Bin> smoothed(const std::vector<Bin>& bins) {
  constexpr int kPieces = 8;
  const auto density = [&](std::size_t i) {
    return bins[i].count / std::max(bins[i].high - bins[i].low, 1e-12);
  };
  const auto middle = [&](std::size_t i) { return (bins[i].low + bins[i].high) / 2; };
  std::vector<Bin> fine;
  for (std::size_t i = 0; i < bins.size(); ++i) {
    const double length = (bins[i].high - bins[i].low) / kPieces;
    std::array<double, kPieces> weights{};
    double total = 0;
    for (int k = 0; k < kPieces; ++k) {
      const double x = bins[i].low + (k + 0.5) * length;
      const bool left = x < middle(i);
      const std::size_t other = left ? (i > 0 ? i - 1 : i) : (i + 1 < bins.size() ? i + 1 : i);
      const double reach = std::abs(middle(other) - middle(i));
      const double share = reach > 0 ? std::abs(x - middle(i)) / reach : 0;
      weights[static_cast<std::size_t>(k)] = (1 - share) * density(i) + share * density(other);
      total += weights[static_cast<std::size_t>(k)];
    }
    for (int k = 0; k < kPieces; ++k) {
      const double low = bins[i].low + k * length;
      fine.push_back(
          {low, low + length, bins[i].count * weights[static_cast<std::size_t>(k)] / total});
    }
  }
  return fine;
}

// The divergence of what is left of the values, clipped to [low, high] and in 255 levels, from what
// they were in kFine bins of the same range.
class Divergence {
 public:
  explicit Divergence(const Distribution& values)
      : bins_(smoothed(values.bins)), total_(total_of(values)) {}

  double operator()(double low, double high) const {
    constexpr int kPerLevel = 8;
    constexpr auto kFine = static_cast<std::size_t>(kLevels) * kPerLevel;
    std::vector<double> fine(kFine, 0);
    const double width = (high - low) / kFine;
    double below = 0;
    double above = 0;
    for (const Bin& bin : bins_) {
      (bin.low + bin.high < low + high ? below : above) += spread(bin, low, high, width, fine);
    }
    std::vector<double> clipped = fine;
    // What is cut off sits in the outermost bins of the distribution, and not in its approximation.
    clipped.front() += below;
    clipped.back() += above;
    double divergence = 0;
    for (std::size_t level = 0; level < kFine; level += kPerLevel) {
      double sum = 0;
      int used = 0;
      for (std::size_t i = level; i < level + kPerLevel; ++i) {
        sum += fine[i];
        used += fine[i] > 0 ? 1 : 0;
      }
      for (std::size_t i = level; i < level + kPerLevel; ++i) {
        if (clipped[i] <= 0) continue;
        const double p = clipped[i] / total_;
        const double q = fine[i] > 0 ? sum / used / total_ : kNothing;
        divergence += p * std::log(p / q);
      }
    }
    return divergence;
  }

 private:
  static constexpr double kNothing = 1e-9;

  // Adds the part of a bin that lies inside, and returns how much of it does not.
  static double spread(const Bin& bin, double low, double high, double width,
                       std::vector<double>& fine) {
    const double from = std::max(bin.low, low);
    const double to = std::min(bin.high, high);
    const double length = bin.high - bin.low;
    if (to < from) return bin.count;
    const auto last = static_cast<std::ptrdiff_t>(fine.size()) - 1;
    const auto at = [&](double x) {
      return std::clamp(static_cast<std::ptrdiff_t>((x - low) / width), std::ptrdiff_t{0}, last);
    };
    if (length <= 0 || at(from) == at(to)) {
      const double inside = length <= 0 ? bin.count : bin.count * (to - from) / length;
      fine[static_cast<std::size_t>(at(from))] += inside;
      return bin.count - inside;
    }
    for (std::ptrdiff_t i = at(from); i <= at(to); ++i) {
      const double left = std::max(from, low + static_cast<double>(i) * width);
      const double right = std::min(to, low + static_cast<double>(i + 1) * width);
      fine[static_cast<std::size_t>(i)] += bin.count * std::max(0.0, right - left) / length;
    }
    return bin.count * (1 - (to - from) / length);
  }

  std::vector<Bin> bins_;
  double total_;
};

// The range with the least loss: one side shrunk on a grid of ratios, then the other, and once
// more; then a finer grid around the best.  Both sides of a symmetric range shrink together.
class RangeSearch {
 public:
  RangeSearch(Range full, bool symmetric, std::function<double(double, double)> loss)
      : full_(full), symmetric_(symmetric), loss_(std::move(loss)) {}

  Range run() {
    constexpr int kSteps = 24;
    constexpr double kRatio = 0.88;  // 24 steps reach a twentieth
    for (int round = 0; round < 2; ++round) {
      for (int i = 0; i < kSteps; ++i) attempt(best_low_, std::pow(kRatio, i));
      for (int i = 0; i < kSteps && !symmetric_; ++i) attempt(std::pow(kRatio, i), best_high_);
    }
    for (int round = 0; round < 2; ++round) {
      const double high = best_high_;
      for (const double finer : {0.94, 0.97, 1.03, 1.06}) attempt(best_low_, high * finer);
      const double low = best_low_;
      for (const double finer : {0.94, 0.97, 1.03, 1.06}) attempt(low * finer, best_high_);
    }
    return {static_cast<float>(full_.low * best_low_), static_cast<float>(full_.high * best_high_)};
  }

 private:
  void attempt(double low, double high) {
    high = std::min(high, 1.0);
    low = symmetric_ ? high : std::min(low, 1.0);
    if (!(full_.high * high > full_.low * low)) return;
    const double value = loss_(full_.low * low, full_.high * high);
    if (value >= best_) return;
    best_ = value;
    best_low_ = low;
    best_high_ = high;
  }

  Range full_;
  bool symmetric_;
  std::function<double(double, double)> loss_;
  double best_ = std::numeric_limits<double>::infinity();
  double best_low_ = 1;
  double best_high_ = 1;
};

Range mirrored(Range range) {
  const float side = std::max(-range.low, range.high);
  return {-side, side};
}

}  // namespace

Range choose_range(const Distribution& values, const Calibration& calibration) {
  const Range full = calibration.symmetric ? mirrored(values.limit) : values.limit;
  if (values.bins.empty() || !(full.high > full.low)) return full;
  switch (calibration.method) {
    case RangeMethod::kMinMax: return full;
    case RangeMethod::kPercentile: {
      const Range cut = {
          std::clamp(static_cast<float>(percentile(values, false)), values.limit.low, 0.0F),
          std::clamp(static_cast<float>(percentile(values, true)), 0.0F, values.limit.high)};
      return calibration.symmetric ? mirrored(cut) : cut;
    }
    case RangeMethod::kEntropy:
      return RangeSearch(full, calibration.symmetric, Divergence(values)).run();
    case RangeMethod::kMse:
      return RangeSearch(full, calibration.symmetric, SquaredError(values, FollowedBy::kOther))
          .run();
    case RangeMethod::kMseAfterActivation:
      return RangeSearch(full, calibration.symmetric, SquaredError(values, calibration.followed_by))
          .run();
  }
  return full;
}

ActivationScale scale_of(Range range, bool symmetric, int bits) {
  const float low = std::min(range.low, 0.0F);
  const float high = std::max(range.high, 0.0F);
  if (!(high - low > 0)) return {.bits = bits};
  const auto highest = static_cast<float>(highest_level(bits));
  const int middle = 1 << (bits - 1);
  if (symmetric) {
    return {std::max(-low, high) / static_cast<float>(middle - 1),
            static_cast<std::uint16_t>(middle), bits};
  }
  const float scale = (high - low) / highest;
  const float zero = std::clamp(std::nearbyint(-low / scale), 0.0F, highest);
  return {scale, static_cast<std::uint16_t>(zero), bits};
}

double mean(const Distribution& values) {
  double sum = 0;
  for (const Bin& bin : values.bins) sum += bin.count * (bin.low + bin.high) / 2;
  const double total = total_of(values);
  return total > 0 ? sum / total : 0;
}

double quantized_mean(const Distribution& values, ActivationScale scale) {
  const auto zero = static_cast<double>(scale.zero_point);
  const double highest = highest_level(scale.bits);
  double sum = 0;
  for (const Bin& bin : values.bins) {
    const double middle = (bin.low + bin.high) / 2;
    // Inside a bin that is wider than a level the errors of rounding cancel out.
    const bool wide = bin.high - bin.low > scale.scale;
    const double level = wide ? middle / scale.scale : std::nearbyint(middle / scale.scale);
    sum += bin.count * scale.scale * std::clamp(level, -zero, highest - zero);
  }
  const double total = total_of(values);
  return total > 0 ? sum / total : 0;
}

}  // namespace pare::engine
