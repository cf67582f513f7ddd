#include "coordinator/jobs/stagnation.h"

#include <algorithm>

#include "coordinator/jobs/job_metrics.h"
#include "search/hypervolume.h"
#include "search/pareto_front.h"

namespace pare::coordinator {
namespace {

constexpr double kGrowth = 1e-3;

void add(std::vector<std::vector<double>>& front, std::vector<double> point) {
  const auto beaten_by = [](const auto& a) {
    return [&a](const auto& b) { return a == b || search::dominates(a, b); };
  };
  if (std::ranges::any_of(front, [&](const auto& other) { return beaten_by(other)(point); })) {
    return;
  }
  std::erase_if(front, beaten_by(point));
  front.push_back(std::move(point));
}

}  // namespace

void Stagnation::tell(const NewJob& job, const search::Observation& observation, bool original) {
  fronts_.resize(observation.targets.size());
  for (std::size_t t = 0; t < fronts_.size(); ++t) {
    Front& front = fronts_[t];
    const search::TargetObservation& on = observation.targets[t];
    if (on.status == search::Status::kMeasured) {
      if (original) front.reference = reference_of(job, on.objectives);
      const bool keeps = std::ranges::none_of(on.violations, [](double v) { return v > 0; });
      if (keeps) add(front.points, on.objectives);
    }
    front.hypervolume.push_back(
        front.reference.empty() ? 0 : search::hypervolume(front.points, front.reference));
  }
}

bool Stagnation::reached(int trials) const {
  const auto window = static_cast<std::size_t>(trials);
  return !fronts_.empty() && std::ranges::all_of(fronts_, [&](const Front& front) {
    if (front.reference.empty() || front.hypervolume.size() <= window) return false;
    const double before = front.hypervolume[front.hypervolume.size() - 1 - window];
    return before > 0 && front.hypervolume.back() <= before * (1 + kGrowth);
  });
}

}  // namespace pare::coordinator
