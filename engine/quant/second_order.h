// Second-order rounding of weights: each column is rounded to nearest, and the columns after it
// (and the bias, which is not rounded) make up for its error as far as the inputs are correlated.
//
// Cost and source: column_sweep.h.  Pure, any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "core/result.h"
#include "engine/quant/quantize_weights.h"

namespace pare::engine {

// E[x x'] of a layer's im2col inputs, in the order of its weights, with a 1 behind for the bias.
struct InputMoments {
  std::int64_t size = 0;
  std::vector<double> values;  // size x size, symmetric
};

struct RoundedLayer {
  QuantizedWeights weights;
  Tensor bias;  // as the rounding left it
};

// Scales are those of quantize_weights().  Fails as it does, and with kInvalidArgument if the
// moments are of another size.  REQUIRES: `bias` is float32, one for each output channel.
Result<RoundedLayer> round_second_order(const Tensor& weights, const Tensor& bias, int bits,
                                        const InputMoments& moments);

}  // namespace pare::engine
