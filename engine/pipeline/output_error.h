// How far another network's outputs are from the body's: damage, as guidance has it.
//
// Each output channel's squared error as a share of its variance, positions counting more where the
// original sees objects (foreground.h), channels by what they say (output_shares.h).  Plain values;
// inside engine/pipeline only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/graph/tensor.h"
#include "engine/pipeline/foreground.h"

namespace pare::engine {

// One output map, its positions' weights, and how far another one is from it.
class Reference {
 public:
  Reference(Tensor map, const PositionWeights& weights);

  std::size_t channels() const { return static_cast<std::size_t>(channels_); }

  // Of each channel, weighted by position, summed.
  void add_variance(std::vector<double>& total) const;

  void add_error(const Tensor& other, std::vector<double>& total) const;

 private:
  Tensor map_;
  std::int64_t channels_ = 1, positions_ = 1;
  std::vector<float> weight_;
};

using PerChannel = std::vector<std::vector<double>>;  // by output, channel

// Error in shares of each channel's variance, summed by what the channels count.
double relative(const PerChannel& error, const PerChannel& variance, const PerChannel& shares);

}  // namespace pare::engine
