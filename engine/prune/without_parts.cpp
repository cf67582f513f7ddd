#include "engine/prune/without_parts.h"

#include <utility>

#include "engine/prune/skip_fit.h"

namespace pare::engine {
namespace {

Result<std::monostate> take_out_blocks(const std::set<std::string>& blocks,
                                       std::span<const OpDef> ops, Maps maps, WithoutParts& left) {
  const auto stages = find_stages(left.graph, left.observed, ops);
  const auto levels = skip_levels(stages, blocks);
  if (!levels) return levels.error();
  if (maps == Maps::kMade) {
    auto made = skip_maps(left.graph, left.observed, left.statistics, stages, levels.value());
    if (!made) return made.error();
    left.maps = std::move(made).value();
  }
  auto skipped = skip_blocks(left.graph, left.observed, left.statistics, stages, levels.value());
  if (!skipped) return skipped.error();
  SkippedBody body = std::move(skipped).value();
  left.graph = std::move(body.graph);
  left.observed = std::move(body.observed);
  left.statistics = std::move(body.statistics);
  left.joined = std::move(body.joined);
  auto groups = find_groups(left.graph, left.observed, ops);
  if (!groups) return groups.error();
  left.groups = std::move(groups).value();
  return std::monostate{};
}

// One choice behind another: their matrices multiply.
void append(const std::string& layer, LayerMap next, LayerMaps& maps) {
  const auto [at, is_new] = maps.emplace(layer, next);
  if (is_new) return;
  LayerMap& first = at->second;
  if (first.size() < next.size()) first.resize(next.size(), LayerMap::value_type(first[0]));
  for (std::size_t r = 0; r < first.size(); ++r) {
    first[r] = first[r] * next[next.size() > 1 ? r : 0];
  }
}

Result<std::monostate> shrink(const KernelSizes& sizes, Maps maps, WithoutParts& left) {
  const auto kernels = find_elastic_kernels(left.graph, left.observed, left.groups);
  if (maps == Maps::kMade) {
    auto made = kernel_maps(left.graph, left.statistics, kernels, sizes);
    if (!made) return made.error();
    for (auto& [layer, map] : LayerMaps(std::move(made).value())) {
      append(layer, std::move(map), left.maps);
    }
  }
  auto shrunk = shrink_kernels(left.graph, left.observed, left.statistics, kernels, sizes);
  if (!shrunk) return shrunk.error();
  auto shrunken = std::move(shrunk).value();
  left.graph = std::move(shrunken.graph);
  left.statistics = std::move(shrunken.statistics);
  return std::monostate{};
}

}  // namespace

Result<WithoutParts> without_parts(const Graph& graph, const Observation& observed,
                                   const Groups& groups, const Statistics& statistics,
                                   std::span<const OpDef> ops, const PartsToGo& parts, Maps maps) {
  // Of the whole network: a layer that goes with a block was there.
  const auto known =
      check_kernels(graph, find_elastic_kernels(graph, observed, groups), parts.kernels);
  if (!known) return known.error();
  WithoutParts left{graph, observed, groups, statistics, {}, {}};
  if (!parts.blocks.empty()) {
    const auto done = take_out_blocks(parts.blocks, ops, maps, left);
    if (!done) return done.error();
  }
  if (!parts.kernels.empty()) {
    const auto done = shrink(parts.kernels, maps, left);
    if (!done) return done.error();
  }
  return left;
}

}  // namespace pare::engine
