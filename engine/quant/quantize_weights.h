// int8 weights: one symmetric scale for each output channel.
//
// With 7 bits they keep to [-64, 63]: processors before VNNI add pairs of u8 x s8 products in 16
// bits, and two products of 255 * 127 do not fit.
#pragma once

#include <cstdint>
#include <vector>

#include "core/result.h"
#include "engine/graph/tensor.h"

namespace pare::engine {

struct QuantizedWeights {
  Tensor values;              // int8, the shape of the weights
  std::vector<float> scales;  // one for each output channel (axis 0)
};

// Rounds to nearest.  Fails with kInvalidArgument unless `weights` is float32 with at least one
// axis and `bits` is 7 or 8.
Result<QuantizedWeights> quantize_weights(const Tensor& weights, int bits);

// What the integers stand for, in fp32.
Tensor dequantize(const QuantizedWeights& weights);

// The bias in int32 with scale input_scale * weight_scale, as QLinearConv adds it.
// REQUIRES: bias is float32 with one value for each scale.
Tensor quantize_bias(const Tensor& bias, float input_scale, const std::vector<float>& scales);

}  // namespace pare::engine
