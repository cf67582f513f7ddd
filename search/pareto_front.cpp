#include "search/pareto_front.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace pare::search {

bool dominates(std::span<const double> a, std::span<const double> b) noexcept {
  bool better_somewhere = false;
  for (std::size_t k = 0; k < a.size(); ++k) {
    if (a[k] > b[k]) return false;
    better_somewhere |= a[k] < b[k];
  }
  return better_somewhere;
}

Result<ParetoFront::Inserted> ParetoFront::insert(ParetoPoint point) {
  if (point.objectives.size() != objective_count_) {
    return Error{ErrorCode::kInvalidArgument,
                 "trial " + std::to_string(point.trial.value) + " has " +
                     std::to_string(point.objectives.size()) + " objectives, this job has " +
                     std::to_string(objective_count_)};
  }
  if (!std::ranges::all_of(point.objectives, [](double x) { return std::isfinite(x); })) {
    return Error{ErrorCode::kInvalidArgument,
                 "trial " + std::to_string(point.trial.value) + " has a non-finite objective"};
  }

  for (const ParetoPoint& other : points_) {
    if (other.objectives == point.objectives) return Inserted::kDuplicate;
    if (dominates(other.objectives, point.objectives)) return Inserted::kDominated;
  }
  std::erase_if(points_, [&](const ParetoPoint& other) {
    return dominates(point.objectives, other.objectives);
  });
  const auto at = std::ranges::upper_bound(points_, point.objectives, {}, &ParetoPoint::objectives);
  points_.insert(at, std::move(point));
  return Inserted::kYes;
}

}  // namespace pare::search
