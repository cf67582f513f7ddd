#include "engine/train/tasks/int8_plans.h"

#include <array>
#include <utility>

#include "engine/pipeline/stored_activations.h"

namespace pare::engine {
namespace {

constexpr std::array kBits = {8, 7};
constexpr std::size_t kArrangements = kAllPlacements.size() * kBits.size();

QuantizationPlan arrangement(std::size_t number) {
  QuantizationPlan plan;
  plan.placement = kAllPlacements[number % kAllPlacements.size()];
  plan.weight_bits = kBits[number / kAllPlacements.size() % kBits.size()];
  plan.ranges = RangeMethod::kPercentile;  // the best of those that search has (ADR 8)
  return plan;
}

}  // namespace

Plans in_int8(Plans plans) {
  std::vector<PoolPlan> pool;
  for (std::size_t number = 0; number < kArrangements; ++number) {
    pool.push_back({{}, 0, arrangement(number)});
    pool.push_back(plans.pool[(2 * number + 1) * plans.pool.size() / (2 * kArrangements)]);
    pool.back().quantization = arrangement(number);
  }
  std::vector<PoolPlan> judged;
  for (std::size_t p = 0; p < kAllPlacements.size(); ++p) judged.push_back({{}, 0, arrangement(p)});
  for (PoolPlan& smaller : plans.judged) {
    smaller.quantization = arrangement(0);
    judged.push_back(std::move(smaller));
  }
  plans.pool = std::move(pool);
  plans.judged = std::move(judged);
  return plans;
}

Supernet with_int8(const Supernet* from, Supernet trained) {
  Supernet whole = from == nullptr ? Supernet{{}, {1}, {}, {}} : *from;
  whole.int8 = std::move(trained.int8);
  return whole;
}

Int8Networks int8_networks(const Detector& detector, const TensorFile& statistics,
                           const Supernet* from) {
  return {from,
          [&detector, &statistics](const PrunedGraph& pruned,
                                   const QuantizationPlan& how) -> Result<QuantizedGraph> {
            Plan plan;
            plan.height = detector.card.height;
            plan.width = detector.card.width;
            plan.quantization = how;
            const EqualizedGraph as_it_is{pruned.graph, {}};
            const StoredActivations stored(statistics, plan, pruned, as_it_is);
            return insert_qdq(pruned.graph, how, stored.sources(), WeightForm::kSimulated);
          }};
}

}  // namespace pare::engine
