#include "engine/prune/consumer_window.h"

#include <algorithm>

namespace pare::engine {

Result<ConvWindow> window_of_consumer(const Node& node, const NodeFacts& facts) {
  if (node.op == "Conv") {
    return window_of(node, facts.input_shapes[0], facts.input_shapes[1], facts.output_shapes[0]);
  }
  const Shape& read = facts.input_shapes[0];
  if (node.op != "Gemm" || read.size() != 2 || read[0] != 1) {
    return Error{ErrorCode::kUnsupported,
                 node.op + " " + node.name + " on " + to_string(read) + " cannot be reconstructed"};
  }
  ConvWindow window;
  window.channels = read[1];
  window.in_height = window.in_width = window.out_height = window.out_width = 1;
  return window;
}

std::vector<std::int64_t> sample_positions(std::int64_t available, int wanted,
                                           std::mt19937_64& random) {
  std::vector<std::int64_t> positions;
  const std::int64_t count = std::min<std::int64_t>(available, wanted);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t first = i * available / count, last = (i + 1) * available / count;
    positions.push_back(
        first + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(last - first)));
  }
  return positions;
}

}  // namespace pare::engine
