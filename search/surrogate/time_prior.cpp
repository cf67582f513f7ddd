#include "search/surrogate/time_prior.h"

#include <algorithm>

#include "core/quantile.h"

namespace pare::search {

TimePrior::TimePrior(std::span<const Observation> told,
                     std::span<const std::vector<LayerSetting>> settings, std::size_t target,
                     std::size_t objective) {
  for (std::size_t i = 0; i < told.size(); ++i) {
    const TargetObservation& seen = told[i].targets[target];
    const bool timed = seen.status == Status::kMeasured && seen.layers &&
                       seen.layers->objective == objective &&
                       seen.layers->ms.size() == settings[i].size();
    if (!timed) continue;
    row_of_[i] = table_.rows();
    table_.add(settings[i], seen.layers->ms);
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
