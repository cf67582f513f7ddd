// How the values of each channel of one tensor are distributed over the calibration images.
//
// Kept per channel, so that the range of a pruned tensor is that of the channels it keeps, without
// another pass over the images.  The bins are the leading bits of the float itself (sign, exponent,
// three bits of mantissa): no range has to be known beforehand, a value's bin is a shift, and every
// bin is at most an eighth as wide as its values are large.  Minimum and maximum are exact.
//
// add(): one pass over the values.  Memory: 4 * kBins bytes a channel; stored, the bins in use. Not
// thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/graph/tensor.h"
#include "engine/graph/tensor_file.h"
#include "engine/quant/calibrate.h"

namespace pare::engine {

class ActivationHistogram {
 public:
  // Magnitudes below 2^-14 count as zero, those of 2^18 and above as the last bin.
  static constexpr int kBinsPerSign = 256;
  static constexpr int kBins = 2 * kBinsPerSign;

  // REQUIRES: channels > 0.
  explicit ActivationHistogram(std::int64_t channels);

  std::int64_t channels() const noexcept { return channels_; }

  // Adds an activation of shape (1, channels, ...).  Fails with kInvalidArgument on another shape
  // or a value that is not finite.
  Result<std::monostate> add(const Tensor& activation);

  // The values of these channels pooled; of all channels if `kept` is empty.  Where `halvings` is
  // not empty it has an entry for each of those channels, whose values count as divided by 2 to
  // that power.  REQUIRES: indices below channels().
  Distribution distribution(std::span<const int> kept, std::span<const int> halvings = {}) const;

  // The channels of all of them, one behind the other.  REQUIRES: parts is not empty.
  static ActivationHistogram joined(std::span<const ActivationHistogram> parts);

  // Into and out of a tensor file, under names that begin with `key`; bins that no channel uses are
  // left out.  Reading fails with kNotFound, naming the key, or with kInvalidArgument if what is
  // stored does not fit together.
  void store(const std::string& key, TensorFile& file) const;
  static Result<ActivationHistogram> load(const TensorFile& file, const std::string& key);

 private:
  std::int64_t channels_;
  std::vector<std::int32_t> counts_;  // [channel][bin]
  std::vector<Range> limits_;
};

}  // namespace pare::engine
