#include "engine/train/tasks/plans.h"

#include <utility>

#include "engine/prune/importance.h"
#include "engine/prune/statistics.h"

namespace pare::engine {

Result<Plans> draw_plans(const PoolOptions& options, const std::vector<double>& knots,
                         const ElasticBody& body, const TensorFile& statistics) {
  const auto ranking = load_ranking(statistics);
  if (!ranking) return ranking.error();
  auto pool = draw_pool(body, ranking.value(), options);
  if (!pool) return pool.error();
  auto judged = expected_plans(body, ranking.value(), knots);
  if (!judged) return judged.error();
  if (pool.value().empty() || judged.value().empty()) {
    return Error{ErrorCode::kUnsupported,
                 "no sub-network lacks as much as the first knot: the groups cannot be narrowed"};
  }
  return Plans{ranking.value().orders, std::move(pool).value(), std::move(judged).value()};
}

}  // namespace pare::engine
