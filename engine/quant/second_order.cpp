#include "engine/quant/second_order.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "engine/quant/column_sweep.h"

namespace pare::engine {

Result<RoundedLayer> round_second_order(const Tensor& weights, const Tensor& bias, int bits,
                                        const InputMoments& moments) {
  auto nearest = quantize_weights(weights, bits);
  if (!nearest) return nearest.error();
  auto begun = begin_sweep(weights, &bias, moments);
  if (!begun) return begun.error();
  ColumnSweep sweep = std::move(begun).value();
  const std::vector<float>& scales = nearest.value().scales;
  const double limit = bits == 8 ? 127 : 63;
  const auto inputs = static_cast<std::size_t>(weights.size()) / scales.size();
  std::vector<std::int8_t> levels(scales.size() * inputs);
  replace_in_order(sweep, [&](Eigen::Index output, Eigen::Index input, double value) {
    const auto o = static_cast<std::size_t>(output);
    const double scale = scales[o];
    const double level = std::clamp(std::nearbyint(value / scale), -limit, limit);
    levels[o * inputs + static_cast<std::size_t>(input)] = static_cast<std::int8_t>(level);
    return level * scale;
  });
  return RoundedLayer{
      {Tensor::of<std::int8_t>(weights.shape(), levels), std::move(nearest).value().scales},
      bias_left(sweep)};
}

}  // namespace pare::engine
