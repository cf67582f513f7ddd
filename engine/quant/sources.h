// What quantization asks of the calibration images: functions over what `prepare` kept of them.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/result.h"
#include "engine/quant/calibrate.h"
#include "engine/quant/second_order.h"

namespace pare::engine {

// Tensors, layers and channels are those of the graph that is quantized.
struct QuantizationSources {
  // All values of an activation.  Fails if none were kept.
  std::function<Result<Distribution>(const std::string& tensor)> values;

  // Those of one channel; asked for bias correction only.
  std::function<Result<Distribution>(const std::string& tensor, int channel)> channel_values;

  // Second moments of what a layer reads, for rounding; nullopt where none were kept (the layer is
  // rounded to nearest).
  std::function<std::optional<InputMoments>(const std::string& layer)> moments;

  // What the range of an activation is multiplied with once it is chosen, as training found it;
  // above 0.  Null: 1 for all.
  std::function<double(const std::string& tensor)> range_factor = {};
};

}  // namespace pare::engine
