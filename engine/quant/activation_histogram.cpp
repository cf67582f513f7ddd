#include "engine/quant/activation_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

namespace pare::engine {
namespace {

constexpr int kMantissaBits = 3;
constexpr int kShift = 23 - kMantissaBits;
constexpr std::int32_t kSmallest = (127 - 14) << kMantissaBits;  // leading bits of 2^-14

// Bins in ascending order of value: most negative first, the two zeros in the middle.
int bin_of(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto leading = static_cast<std::int32_t>((bits & 0x7fffffffU) >> kShift);
  const int size = std::clamp(leading - kSmallest + 1, 0, ActivationHistogram::kBinsPerSign - 1);
  return (bits >> 31) != 0 ? ActivationHistogram::kBinsPerSign - 1 - size
                           : ActivationHistogram::kBinsPerSign + size;
}

// Magnitude where the bin of this size begins; size 0 holds what counts as zero.
float magnitude_of(int size) {
  if (size == 0) return 0;
  const auto leading = static_cast<std::uint32_t>(size - 1 + kSmallest);
  return std::bit_cast<float>(leading << kShift);
}

// Values of bin b lie in [edge(b), edge(b + 1)].
float lower_edge(int bin) {
  const int middle = ActivationHistogram::kBinsPerSign;
  return bin < middle ? -magnitude_of(middle - bin) : magnitude_of(bin - middle);
}

}  // namespace

ActivationHistogram::ActivationHistogram(std::int64_t channels)
    : channels_(channels),
      counts_(static_cast<std::size_t>(channels) * kBins, 0),
      limits_(static_cast<std::size_t>(channels),
              Range{std::numeric_limits<float>::max(), std::numeric_limits<float>::lowest()}) {
  PARE_CHECK(channels > 0, "a histogram has at least one channel");
}

Result<std::monostate> ActivationHistogram::add(const Tensor& activation) {
  const Shape& shape = activation.shape();
  if (activation.dtype() != DType::kFloat32 || shape.size() < 2 || shape[0] != 1 ||
      shape[1] != channels_) {
    return Error{ErrorCode::kInvalidArgument,
                 "an activation of shape (1, " + std::to_string(channels_) + ", ...) was expected"};
  }
  const auto values = activation.values<float>();
  const std::size_t plane = values.size() / static_cast<std::size_t>(channels_);
  for (std::size_t c = 0; c < limits_.size(); ++c) {
    std::int32_t* const counts = &counts_[c * kBins];
    Range& limit = limits_[c];
    for (const float value : values.subspan(c * plane, plane)) {
      if (!std::isfinite(value)) {
        return Error{ErrorCode::kInvalidArgument,
                     "channel " + std::to_string(c) + " holds a value that is not finite"};
      }
      ++counts[bin_of(value)];
      limit.low = std::min(limit.low, value);
      limit.high = std::max(limit.high, value);
    }
  }
  return std::monostate{};
}

Range ActivationHistogram::range(RangeMethod method, std::span<const int> kept) const {
  std::vector<int> all;
  if (kept.empty()) {
    all.resize(static_cast<std::size_t>(channels_));
    std::iota(all.begin(), all.end(), 0);
    kept = all;
  }
  Range limit{0, 0};
  std::vector<std::int64_t> counts(kBins, 0);
  for (const int c : kept) {
    PARE_CHECK(c >= 0 && c < channels_, "a kept channel is one of the tensor's");
    limit.low = std::min(limit.low, limits_[static_cast<std::size_t>(c)].low);
    limit.high = std::max(limit.high, limits_[static_cast<std::size_t>(c)].high);
    for (std::size_t b = 0; b < kBins; ++b) {
      counts[b] += counts_[static_cast<std::size_t>(c) * kBins + b];
    }
  }
  if (method == RangeMethod::kMinMax) return limit;

  const double total = static_cast<double>(std::accumulate(counts.begin(), counts.end(), 0LL));
  const double tail = total * 0.5e-4;
  // From either end: the edge behind which no more than the tail lies, straight inside a bin.
  const auto cut = [&](bool from_above) {
    double passed = 0;
    for (int i = 0; i < kBins; ++i) {
      const int b = from_above ? kBins - 1 - i : i;
      const auto inside = static_cast<double>(counts[static_cast<std::size_t>(b)]);
      if (passed + inside > tail) {
        const double share = (tail - passed) / inside;
        const double low = lower_edge(b);
        const double high = b + 1 < kBins ? lower_edge(b + 1) : limit.high;
        return from_above ? high - share * (high - low) : low + share * (high - low);
      }
      passed += inside;
    }
    return 0.0;
  };
  return {std::clamp(static_cast<float>(cut(false)), limit.low, 0.0F),
          std::clamp(static_cast<float>(cut(true)), 0.0F, limit.high)};
}

Tensor ActivationHistogram::counts() const {
  return Tensor::of<std::int32_t>({channels_, kBins}, counts_);
}

Tensor ActivationHistogram::limits() const {
  std::vector<float> flat;
  for (const Range& limit : limits_) flat.insert(flat.end(), {limit.low, limit.high});
  return Tensor::of<float>({channels_, 2}, flat);
}

Result<ActivationHistogram> ActivationHistogram::from(const Tensor& counts, const Tensor& limits) {
  const bool sound = counts.dtype() == DType::kInt32 && limits.dtype() == DType::kFloat32 &&
                     counts.shape().size() == 2 && counts.shape()[0] > 0 &&
                     counts.shape()[1] == kBins && limits.shape() == Shape{counts.shape()[0], 2};
  if (!sound) {
    return Error{ErrorCode::kInvalidArgument, "stored histogram: counts and limits do not fit"};
  }
  ActivationHistogram histogram(counts.shape()[0]);
  std::ranges::copy(counts.values<std::int32_t>(), histogram.counts_.begin());
  const auto flat = limits.values<float>();
  for (std::size_t c = 0; c < histogram.limits_.size(); ++c) {
    histogram.limits_[c] = {flat[2 * c], flat[2 * c + 1]};
  }
  return histogram;
}

}  // namespace pare::engine
