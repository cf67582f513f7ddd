#include "engine/train/elastic/plan_pool.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "engine/train/data/random.h"

namespace pare::engine {
namespace {

double normal(KeyedRandom& random) {
  const double radius = std::sqrt(-2 * std::log(1 - random.unit()));
  return radius * std::cos(2 * std::numbers::pi * random.unit());
}

// One number for all choices of a group, a stage or a kernel.
void scale(std::vector<double>& damage, double noise, KeyedRandom& random) {
  const double factor = std::exp(noise * normal(random));
  for (double& d : damage) d *= factor;
}

// Every group, stage and kernel dearer or cheaper than it is.
std::pair<Ranking, PartChoices> with_noise(const PoolSpace& space, double noise,
                                           KeyedRandom random) {
  Ranking ranking = space.ranking;
  PartChoices parts = space.parts;
  for (auto& [group, damage] : ranking.damage) scale(damage, noise, random);
  for (StageSensitivity& stage : parts.blocks) scale(stage.damage, noise, random);
  for (KernelSensitivity& kernel : parts.kernels) scale(kernel.damage, noise, random);
  return {std::move(ranking), std::move(parts)};
}

PoolPlan plan_of(const Allocation& one) {
  return {one.widths, one.macs_saved, {}, {one.skip, one.kernels}};
}

}  // namespace

Result<PoolSpace> space_of_widths(const ElasticBody& body, const Ranking& ranking) {
  auto costs = WidthCosts::make(body.graph, body.observed, body.ops, body.groups, ranking.orders);
  if (!costs) return costs.error();
  return PoolSpace{body.groups, ranking, std::move(costs).value()};
}

std::vector<PoolPlan> draw_pool(const PoolSpace& space, const PoolOptions& options) {
  std::vector<PoolPlan> pool;
  for (int p = 0; p < options.plans; ++p) {
    const std::vector<double> saving = {options.least +
                                        (options.most - options.least) * (p + 0.5) / options.plans};
    const KeyedRandom random(options.seed, 0, static_cast<std::uint64_t>(p));
    const auto [ranking, parts] = with_noise(space, options.noise, random);
    for (const Allocation& one : allocate(space.groups, space.costs, ranking, saving, {}, parts)) {
      pool.push_back(plan_of(one));
    }
  }
  return pool;
}

std::vector<PoolPlan> expected_plans(const PoolSpace& space, const std::vector<double>& savings) {
  std::vector<PoolPlan> plans;
  for (const Allocation& one :
       allocate(space.groups, space.costs, space.ranking, savings, {}, space.parts)) {
    plans.push_back(plan_of(one));
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
