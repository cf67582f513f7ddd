// Second-order rounding of weights: each column is rounded to nearest, and the columns after it
// (and the bias, which is not rounded) make up for its error as far as the inputs are correlated.
//
// With inputs x of second moments H = E[x x'], the error of a layer is tr(dW H dW'); going column
// by column with the Cholesky factor U of H^-1 = U' U, the part of column j's error that the rest
// can take over is err * U_j,j+1: / U_jj.
//
// Cost: d^3 for d inputs, then d^2 / 2 for each output.  Pure, any thread.
// Source: Frantar et al., GPTQ (ICLR 2023), on the Gram matrices that pruning needs anyway.
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
