#include "engine/quant/unlike_ranges.h"

#include <algorithm>
#include <cstdio>
#include <optional>

namespace pare::engine {
namespace {

constexpr double kTooUnlike = 32;

std::optional<double> length_of(const std::string& tensor, const QuantizationSources& sources) {
  const auto values = sources.values(tensor);
  if (!values) return std::nullopt;
  const Range range = choose_range(values.value(), {.method = RangeMethod::kPercentile});
  if (!(range.high > range.low)) return std::nullopt;
  return double{range.high} - range.low;
}

}  // namespace

std::vector<UnlikeRanges> find_unlike_ranges(const Graph& graph,
                                             const QuantizationSources& sources) {
  std::vector<UnlikeRanges> found;
  for (const Node& node : graph.nodes) {
    if (!node.domain.empty() || (node.op != "Concat" && node.op != "Add")) continue;
    std::vector<double> lengths;
    for (const std::string& input : node.inputs) {
      if (const auto length = length_of(input, sources)) lengths.push_back(*length);
    }
    if (lengths.size() < 2) continue;
    const auto [narrowest, widest] = std::ranges::minmax(lengths);
    if (widest > kTooUnlike * narrowest) found.push_back({node.name, node.op, narrowest, widest});
  }
  return found;
}

std::string sentence_of(const UnlikeRanges& found) {
  char numbers[96];
  std::snprintf(numbers, sizeof numbers, "joins ranges of %.3g and %.3g (%.0f times)",
                found.narrowest, found.widest, found.widest / found.narrowest);
  return found.op + " " + found.node + " " + numbers +
         ": in int8 plans it stays in fp32, so that the narrow one keeps its levels.";
}

}  // namespace pare::engine
