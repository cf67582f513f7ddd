#include "engine/train/elastic/plan_pool.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/prune/allocation.h"
#include "engine/train/data/random.h"

namespace pare::engine {
namespace {

double normal(KeyedRandom& random) {
  const double radius = std::sqrt(-2 * std::log(1 - random.unit()));
  return radius * std::cos(2 * std::numbers::pi * random.unit());
}

// Every group dearer or cheaper than it is, at all of its widths alike.
Ranking with_noise(Ranking ranking, double noise, KeyedRandom random) {
  for (auto& [group, damage] : ranking.damage) {
    const double factor = std::exp(noise * normal(random));
    for (double& d : damage) d *= factor;
  }
  return ranking;
}

}  // namespace

Result<std::vector<PoolPlan>> draw_pool(const ElasticBody& body, const Ranking& ranking,
                                        const PoolOptions& options) {
  const auto costs =
      WidthCosts::make(body.graph, body.observed, body.ops, body.groups, ranking.orders);
  if (!costs) return costs.error();
  std::vector<PoolPlan> pool;
  for (int p = 0; p < options.plans; ++p) {
    const double saving =
        options.least + (options.most - options.least) * (p + 0.5) / options.plans;
    const KeyedRandom random(options.seed, 0, static_cast<std::uint64_t>(p));
    const auto found = allocate(body.groups, costs.value(),
                                with_noise(ranking, options.noise, random), {{saving}});
    for (const Allocation& one : found) pool.push_back({one.widths, one.macs_saved, {}});
  }
  return pool;
}

Result<std::vector<PoolPlan>> expected_plans(const ElasticBody& body, const Ranking& ranking,
                                             const std::vector<double>& savings) {
  const auto costs =
      WidthCosts::make(body.graph, body.observed, body.ops, body.groups, ranking.orders);
  if (!costs) return costs.error();
  std::vector<PoolPlan> plans;
  for (const Allocation& one : allocate(body.groups, costs.value(), ranking, savings)) {
    plans.push_back({one.widths, one.macs_saved, {}});
  }
  return plans;
}

Result<double> share_saved(const ElasticBody& body, const UnitOrders& orders,
                           const std::map<std::string, int>& widths) {
  const auto costs = WidthCosts::make(body.graph, body.observed, body.ops, body.groups, orders);
  if (!costs) return costs.error();
  const auto all = static_cast<double>(costs.value().macs({}));
  return 1 - static_cast<double>(costs.value().macs(widths)) / all;
}

}  // namespace pare::engine
