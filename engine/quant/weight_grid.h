// Weights on a grid of few values, so that a file keeps a small number for each: the levels of the
// layer, the index of each weight's level, and a scale for each output channel.
//
//   8 bits, linear        -127 .. 127
//   4 bits, linear        -7 .. 7
//   4 bits, powers of two 0 and +-2^0 .. 2^-6 (Zhou et al., INQ, ICLR 2017)
//   4 bits, codebook      the 16 centres of a k-means of the layer's own weights, each channel
//                         divided by its largest (Han et al., Deep Compression, ICLR 2016)
//
// A weight of 0 stays one: 0 is a level of every grid.  With four bits a channel's scale is the one
// of twelve that leaves the least squared error.
// Cost: twelve looks at each weight; k-means sorts them once.  Pure, any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "core/plan.h"
#include "core/result.h"
#include "engine/graph/tensor.h"
#include "engine/quant/second_order.h"

namespace pare::engine {

struct GriddedWeights {
  std::vector<float> levels;        // ascending, at most 2^bits
  std::vector<std::uint8_t> codes;  // index of each weight's level, in the weights' order
  std::vector<float> scales;        // one for each output channel
};

// To the nearest level.  `axis`: that of the output channels.
// Fails with kInvalidArgument unless `weights` is float32, finite, not empty and has that axis, and
// `storage` has 8 or 4 bits.
Result<GriddedWeights> put_on_grid(const Tensor& weights, std::size_t axis,
                                   const WeightStorage& storage);

struct GriddedLayer {
  GriddedWeights weights;
  Tensor bias;  // as the rounding left it
};

// The same, the inputs after each one making up for its error (column_sweep.h).  No bias: zeros.
// Fails also if the moments are of another size.  REQUIRES: the output channels are the first axis.
Result<GriddedLayer> put_on_grid_second_order(const Tensor& weights, const Tensor* bias,
                                              const WeightStorage& storage,
                                              const InputMoments& moments);

// What the codes stand for.
Tensor values_of(const GriddedWeights& weights, const Shape& shape, std::size_t axis);

}  // namespace pare::engine
