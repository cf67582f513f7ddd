#include "engine/pipeline/probe_ranges.h"

#include <algorithm>
#include <utility>

namespace pare::engine {

QuantizationSources sources_from(std::function<Range(const std::string& tensor)> range_of) {
  QuantizationSources sources;
  sources.values = [range_of = std::move(range_of)](const std::string& tensor) {
    const Range range = range_of(tensor);
    return Result<Distribution>(
        Distribution{{std::min(range.low, 0.0F), std::max(range.high, 0.0F)}, {}});
  };
  sources.channel_values = [](const std::string& tensor, int) {
    return Result<Distribution>(Error{ErrorCode::kNotFound, "no values of a channel of " + tensor});
  };
  sources.moments = [](const std::string&) { return std::optional<InputMoments>(); };
  return sources;
}

}  // namespace pare::engine
