#include "search/surrogate/time_prior.h"

#include <algorithm>

#include "core/quantile.h"

namespace pare::search {
namespace {

// Of the objective; null where they were not timed.
const LayerTimes* times_in(const Observation& told, std::size_t target, std::size_t objective) {
  const TargetObservation& seen = told.targets[target];
  const bool timed =
      seen.status == Status::kMeasured && seen.layers && seen.layers->objective == objective;
  return timed ? &*seen.layers : nullptr;
}

}  // namespace

std::size_t TimePrior::timed(std::span<const Observation> told, std::size_t target,
                             std::size_t objective) {
  return static_cast<std::size_t>(std::ranges::count_if(
      told, [&](const Observation& one) { return times_in(one, target, objective) != nullptr; }));
}

TimePrior::TimePrior(std::span<const Observation> told,
                     std::span<const std::vector<LayerSetting>> settings, std::size_t target,
                     std::size_t objective) {
  for (std::size_t i = 0; i < told.size(); ++i) {
    const LayerTimes* const times = times_in(told[i], target, objective);
    if (times == nullptr) continue;
    row_of_[i] = table_.rows();
    table_.add(settings[i], times->ms);
  }
  if (!says_something()) return;
  table_.learn();
  std::vector<double> offsets;
  for (const auto& [trial, row] : row_of_) {
    offsets.push_back(told[trial].targets[target].objectives[objective] - table_.left_out(row));
  }
  std::ranges::sort(offsets);
  offset_ = quantile(offsets, 0.5);
}

double TimePrior::of(std::span<const LayerSetting> settings) const {
  return says_something() ? table_.log_total(settings) + offset_ : 0;
}

double TimePrior::of_told(std::size_t trial, std::span<const LayerSetting> settings) const {
  const auto row = row_of_.find(trial);
  if (!says_something() || row == row_of_.end()) return of(settings);
  return table_.left_out(row->second) + offset_;
}

}  // namespace pare::search
