#include "engine/quant/quantize_weights.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace pare::engine {

Result<QuantizedWeights> quantize_weights(const Tensor& weights, int bits) {
  if (bits != 7 && bits != 8) {
    return Error{ErrorCode::kInvalidArgument,
                 "weight_bits must be 7 or 8, not " + std::to_string(bits)};
  }
  if (weights.dtype() != DType::kFloat32 || weights.shape().empty() || weights.size() == 0) {
    return Error{ErrorCode::kInvalidArgument, "only float32 weights can be quantized"};
  }
  const float limit = bits == 8 ? 127.0F : 63.0F;
  const auto values = weights.values<float>();
  const auto channels = static_cast<std::size_t>(weights.shape()[0]);
  const std::size_t per_channel = values.size() / channels;
  std::vector<std::int8_t> quantized(values.size());
  std::vector<float> scales(channels);
  for (std::size_t c = 0; c < channels; ++c) {
    float largest = 0;
    for (std::size_t i = 0; i < per_channel; ++i) {
      largest = std::max(largest, std::abs(values[c * per_channel + i]));
    }
    // A channel of zeros needs some positive scale.
    scales[c] = largest > 0 ? std::max(largest / limit, std::numeric_limits<float>::min()) : 1.0F;
    for (std::size_t i = 0; i < per_channel; ++i) {
      const float level = std::nearbyint(values[c * per_channel + i] / scales[c]);
      quantized[c * per_channel + i] = static_cast<std::int8_t>(std::clamp(level, -limit, limit));
    }
  }
  return QuantizedWeights{Tensor::of<std::int8_t>(weights.shape(), quantized), std::move(scales)};
}

Tensor dequantize(const QuantizedWeights& weights) {
  const auto levels = weights.values.values<std::int8_t>();
  const std::size_t each = levels.size() / weights.scales.size();
  std::vector<float> values(levels.size());
  for (std::size_t k = 0; k < values.size(); ++k) {
    values[k] = static_cast<float>(levels[k]) * weights.scales[k / each];
  }
  return Tensor::of<float>(weights.values.shape(), values);
}

Tensor quantize_bias(const Tensor& bias, float input_scale, const std::vector<float>& scales) {
  const auto values = bias.values<float>();
  PARE_CHECK(values.size() == scales.size(), "one bias for each output channel");
  std::vector<std::int32_t> quantized(values.size());
  for (std::size_t c = 0; c < values.size(); ++c) {
    const double level = std::nearbyint(double{values[c]} / (double{input_scale} * scales[c]));
    constexpr double kLimit = std::numeric_limits<std::int32_t>::max();
    quantized[c] = static_cast<std::int32_t>(std::clamp(level, -kLimit, kLimit));
  }
  return Tensor::of<std::int32_t>(bias.shape(), quantized);
}

}  // namespace pare::engine
