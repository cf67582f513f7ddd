// Where a probe network's int8 takes its ranges from: no images, no statistics.
#pragma once

#include <functional>
#include <string>

#include "engine/quant/insert_qdq.h"

namespace pare::engine {

// The range of every tensor as it is, 0 inside; min_max takes it so, nothing else is asked for
// without corrections.
QuantizationSources sources_from(std::function<Range(const std::string& tensor)> range_of);

}  // namespace pare::engine
