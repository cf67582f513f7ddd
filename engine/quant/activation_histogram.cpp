#include "engine/quant/activation_histogram.h"

#include <algorithm>
#include <array>
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

// The bin of values that are larger by so many bins in magnitude.
int shifted(int bin, int larger) {
  const int middle = ActivationHistogram::kBinsPerSign;
  const int size = bin < middle ? middle - 1 - bin : bin - middle;
  if (size == 0) return bin;
  const int moved = std::clamp(size + larger, 0, middle - 1);
  return bin < middle ? middle - 1 - moved : middle + moved;
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

Distribution ActivationHistogram::distribution(std::span<const int> kept,
                                               std::span<const int> halvings) const {
  std::vector<int> all;
  if (kept.empty()) {
    all.resize(static_cast<std::size_t>(channels_));
    std::iota(all.begin(), all.end(), 0);
    kept = all;
  }
  PARE_CHECK(halvings.empty() || halvings.size() == kept.size(), "one power for each channel");
  constexpr int kBinsPerOctave = 1 << kMantissaBits;
  Distribution pooled;
  std::array<std::int64_t, kBins> counts{};
  for (std::size_t k = 0; k < kept.size(); ++k) {
    const int c = kept[k];
    PARE_CHECK(c >= 0 && c < channels_, "a kept channel is one of the tensor's");
    const int halved = halvings.empty() ? 0 : halvings[k];
    const Range& limit = limits_[static_cast<std::size_t>(c)];
    pooled.limit.low = std::min(pooled.limit.low, std::ldexp(limit.low, -halved));
    pooled.limit.high = std::max(pooled.limit.high, std::ldexp(limit.high, -halved));
    for (int b = 0; b < kBins; ++b) {
      const std::int32_t count =
          counts_[static_cast<std::size_t>(c) * kBins + static_cast<std::size_t>(b)];
      counts[static_cast<std::size_t>(shifted(b, -halved * kBinsPerOctave))] += count;
    }
  }
  for (int b = 0; b < kBins; ++b) {
    if (counts[static_cast<std::size_t>(b)] == 0) continue;
    const double low = b > 0 ? std::max(lower_edge(b), pooled.limit.low) : pooled.limit.low;
    const double high =
        b + 1 < kBins ? std::min(lower_edge(b + 1), pooled.limit.high) : pooled.limit.high;
    pooled.bins.push_back({std::min(low, high), std::max(low, high),
                           static_cast<double>(counts[static_cast<std::size_t>(b)])});
  }
  return pooled;
}

ActivationHistogram ActivationHistogram::joined(std::span<const ActivationHistogram> parts) {
  ActivationHistogram all = parts[0];
  for (const ActivationHistogram& part : parts.subspan(1)) {
    all.channels_ += part.channels_;
    all.counts_.insert(all.counts_.end(), part.counts_.begin(), part.counts_.end());
    all.limits_.insert(all.limits_.end(), part.limits_.begin(), part.limits_.end());
  }
  return all;
}

void ActivationHistogram::store(const std::string& key, TensorFile& file) const {
  std::size_t first = kBins;
  std::size_t last = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] == 0) continue;
    first = std::min(first, i % kBins);
    last = std::max(last, i % kBins);
  }
  first = std::min(first, last);
  const std::size_t used = last - first + 1;
  std::vector<std::int32_t> counts;
  std::vector<float> limits;
  for (std::size_t c = 0; c < limits_.size(); ++c) {
    const auto row = counts_.begin() + static_cast<std::ptrdiff_t>(c * kBins + first);
    counts.insert(counts.end(), row, row + static_cast<std::ptrdiff_t>(used));
    limits.insert(limits.end(), {limits_[c].low, limits_[c].high});
  }
  const std::array first_bin = {static_cast<std::int32_t>(first)};
  file.tensors[key + "/first_bin"] = Tensor::of<std::int32_t>({1}, first_bin);
  file.tensors[key + "/counts"] =
      Tensor::of<std::int32_t>({channels_, static_cast<std::int64_t>(used)}, counts);
  file.tensors[key + "/limits"] = Tensor::of<float>({channels_, 2}, limits);
}

Result<ActivationHistogram> ActivationHistogram::load(const TensorFile& file,
                                                      const std::string& key) {
  const auto counts = file.tensors.find(key + "/counts");
  const auto first = file.tensors.find(key + "/first_bin");
  const auto limits = file.tensors.find(key + "/limits");
  if (counts == file.tensors.end() || first == file.tensors.end() || limits == file.tensors.end()) {
    return Error{ErrorCode::kNotFound, "the statistics hold no '" + key + "'"};
  }
  const Shape& shape = counts->second.shape();
  const auto first_bin = first->second.dtype() == DType::kInt32 && first->second.size() == 1
                             ? first->second.values<std::int32_t>()[0]
                             : -1;
  if (counts->second.dtype() != DType::kInt32 || limits->second.dtype() != DType::kFloat32 ||
      shape.size() != 2 || shape[0] <= 0 || shape[1] <= 0 || first_bin < 0 ||
      first_bin + shape[1] > kBins || limits->second.shape() != Shape{shape[0], 2}) {
    return Error{ErrorCode::kInvalidArgument,
                 "'" + key + "' is no histogram: its parts do not fit"};
  }
  ActivationHistogram histogram(shape[0]);
  const auto stored = counts->second.values<std::int32_t>();
  const auto used = static_cast<std::size_t>(shape[1]);
  const auto flat = limits->second.values<float>();
  for (std::size_t c = 0; c < histogram.limits_.size(); ++c) {
    std::ranges::copy(
        stored.subspan(c * used, used),
        histogram.counts_.begin() + static_cast<std::ptrdiff_t>(c * kBins) + first_bin);
    histogram.limits_[c] = {flat[2 * c], flat[2 * c + 1]};
  }
  return histogram;
}

}  // namespace pare::engine
