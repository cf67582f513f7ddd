#include "engine/quant/calibrate.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace pare::engine {
namespace {

constexpr double kTail = 0.5e-4;  // left out on either side by kPercentile
constexpr double kLevels = 255;

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

// The divergence of what is left of the values, clipped to [low, high] and in 255 levels, from what
// they were in kFine bins of the same range.
class Divergence {
 public:
  explicit Divergence(const Distribution& values) : values_(values) {}

  double operator()(double low, double high) const {
    constexpr int kPerLevel = 8;
    constexpr auto kFine = static_cast<std::size_t>(kLevels) * kPerLevel;
    std::vector<double> fine(kFine, 0);
    const double width = (high - low) / kFine;
    double outside = 0;
    for (const Bin& bin : values_.bins) outside += spread(bin, low, high, width, fine);
    std::vector<double> clipped = fine;
    // What is cut off sits in the outermost bins of the distribution, and not in its approximation.
    clipped.front() += outside / 2;
    clipped.back() += outside / 2;
    const double total = total_of(values_);
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
        const double p = clipped[i] / total;
        const double q = fine[i] > 0 ? sum / used / total : kNothing;
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

  const Distribution& values_;
};

// The range with the least loss: either side shrunk on a grid of ratios, then a finer one around
// the best.  A symmetric range, and one whose sides must shrink together, has one ratio.
Range search(Range full, bool together, const std::function<double(double, double)>& loss) {
  constexpr int kSteps = 24;
  constexpr double kRatio = 0.88;  // 24 steps reach a twentieth
  double best_loss = std::numeric_limits<double>::infinity();
  double best_low = 1;
  double best_high = 1;
  const auto attempt = [&](double low, double high) {
    const double value = loss(full.low * low, full.high * high);
    if (value >= best_loss) return;
    best_loss = value;
    best_low = low;
    best_high = high;
  };
  const int low_steps = full.low < 0 && !together ? kSteps : 1;
  const int high_steps = full.high > 0 ? kSteps : 1;
  for (int i = 0; i < low_steps; ++i) {
    for (int j = 0; j < high_steps; ++j) {
      const double high = std::pow(kRatio, j);
      attempt(together ? high : std::pow(kRatio, i), high);
    }
  }
  const double coarse_low = best_low;
  const double coarse_high = best_high;
  for (const double high : {0.94, 0.97, 1.03, 1.06}) {
    for (const double low : {0.94, 0.97, 1.0, 1.03, 1.06}) {
      const double to_high = std::min(1.0, coarse_high * high);
      attempt(together ? to_high : std::min(1.0, coarse_low * low), to_high);
    }
  }
  return {static_cast<float>(full.low * best_low), static_cast<float>(full.high * best_high)};
}

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
    case RangeMethod::kEntropy: return search(full, true, Divergence(values));
    case RangeMethod::kMse:
      return search(full, calibration.symmetric, SquaredError(values, FollowedBy::kOther));
    case RangeMethod::kMseAfterActivation:
      return search(full, calibration.symmetric, SquaredError(values, calibration.followed_by));
  }
  return full;
}

ActivationScale scale_of(Range range, bool symmetric) {
  const float low = std::min(range.low, 0.0F);
  const float high = std::max(range.high, 0.0F);
  if (!(high - low > 0)) return {};
  if (symmetric) return {std::max(-low, high) / 127.0F, 128};
  const float scale = (high - low) / 255.0F;
  const float zero = std::clamp(std::nearbyint(-low / scale), 0.0F, 255.0F);
  return {scale, static_cast<std::uint8_t>(zero)};
}

double mean(const Distribution& values) {
  double sum = 0;
  for (const Bin& bin : values.bins) sum += bin.count * (bin.low + bin.high) / 2;
  const double total = total_of(values);
  return total > 0 ? sum / total : 0;
}

double quantized_mean(const Distribution& values, ActivationScale scale) {
  double sum = 0;
  for (const Bin& bin : values.bins) {
    const double middle = (bin.low + bin.high) / 2;
    // Inside a bin that is wider than a level the errors of rounding cancel out.
    const bool wide = bin.high - bin.low > scale.scale;
    const double level = wide ? middle / scale.scale : std::nearbyint(middle / scale.scale);
    sum += bin.count * scale.scale *
           std::clamp(level, -static_cast<double>(scale.zero_point), kLevels - scale.zero_point);
  }
  const double total = total_of(values);
  return total > 0 ? sum / total : 0;
}

}  // namespace pare::engine
