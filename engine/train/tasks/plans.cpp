#include "engine/train/tasks/plans.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/pipeline/elastic_parts.h"
#include "engine/prune/importance.h"
#include "engine/prune/statistics.h"
#include "wire/guidance_json.h"
#include "wire/sha256.h"

namespace pare::engine {
namespace {

// The detector's, of the kinds that may be chosen; what was measured is of these, in their order.
Result<ElasticParts> parts_of(const Detector& detector, const PartChoices& parts) {
  auto found = elastic_parts(detector);
  if (!found) return found;
  ElasticParts offered = std::move(found).value();
  if (parts.blocks.empty()) offered.stages.clear();
  if (parts.kernels.empty()) offered.kernels.clear();
  bool same = offered.stages.size() == parts.blocks.size() &&
              offered.kernels.size() == parts.kernels.size();
  for (std::size_t s = 0; same && s < parts.blocks.size(); ++s) {
    same = std::ranges::equal(parts.blocks[s].blocks, offered.stages[s].blocks, {}, {},
                              &SkipBlock::name);
  }
  for (std::size_t k = 0; same && k < parts.kernels.size(); ++k) {
    same = parts.kernels[k].layer == detector.body.nodes[offered.kernels[k].node].name;
  }
  if (same) return offered;
  return Error{ErrorCode::kInvalidArgument,
               "the guidance is of another model: its blocks and kernels are not this one's"};
}

}  // namespace

PartChoices parts_in(const Guidance& guidance) {
  return {guidance.blocks, guidance.kernels};
}

std::string told_apart(const PartChoices& parts) {
  if (parts.empty()) return "";
  nlohmann::json fields;
  wire::add_part_choices(parts, fields);
  return ", parts " + wire::sha256_hex(fields.dump());
}

Result<Plans> draw_plans(const PoolOptions& options, const std::vector<double>& knots,
                         const Detector& detector, const ElasticBody& body,
                         const TensorFile& statistics, const PartChoices& parts) {
  const auto ranking = load_ranking(statistics);
  if (!ranking) return ranking.error();
  const auto known = check_orders(ranking.value().orders, body.groups);
  if (!known) return known.error();
  auto widths = space_of_widths(body, ranking.value());
  if (!widths) return widths.error();
  PoolSpace space = std::move(widths).value();
  if (!parts.empty()) {
    const auto offered = parts_of(detector, parts);
    if (!offered) return offered.error();
    const auto added = add_parts(detector, offered.value(), ranking.value().orders, space.costs);
    if (!added) return added.error();
    space.parts = parts;
  }
  Plans plans{ranking.value().orders, draw_pool(space, options), expected_plans(space, knots)};
  if (plans.pool.empty() || plans.judged.empty()) {
    return Error{ErrorCode::kUnsupported,
                 "no sub-network lacks as much as the first knot: the groups cannot be narrowed"};
  }
  return plans;
}

}  // namespace pare::engine
