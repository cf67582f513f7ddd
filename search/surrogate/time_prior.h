// What the times of layers say of one objective on one target, before a Gaussian process learns
// what they leave over.
//
// Of a trial whose layers were timed it says what the others say: a process that learnt from what a
// table makes of its own rows would take it to be better than it is.  Says nothing (0) while fewer
// than kFewest trials have times.  A value; any thread may read it.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <map>
#include <span>
#include <vector>

#include "search/strategy.h"
#include "search/surrogate/layer_table.h"

namespace pare::search {

class TimePrior {
 public:
  static constexpr std::size_t kFewest = 4;

  TimePrior() = default;

  // `settings` are of the trials told, one a layer timed.  O(layers rows^3) for the rows with
  // times.
  TimePrior(std::span<const Observation> told, std::span<const std::vector<LayerSetting>> settings,
            std::size_t target, std::size_t objective);

  // Trials that it would learn from.
  static std::size_t timed(std::span<const Observation> told, std::size_t target,
                           std::size_t objective);

  // Trials that it learnt from.
  std::size_t rows() const noexcept { return table_.rows(); }

  bool says_something() const noexcept { return table_.rows() >= kFewest; }

  // The objective of a plan with these settings.
  double of(std::span<const LayerSetting> settings) const;

  // The same of many plans.  REQUIRES: it says something.
  Eigen::VectorXd of(const SettingsOfPlans& plans) const {
    return table_.log_totals(plans).array() + offset_;
  }

  // Of a trial told, by its index, with its settings.
  double of_told(std::size_t trial, std::span<const LayerSetting> settings) const;

 private:
  LayerTable table_;
  std::map<std::size_t, std::size_t> row_of_;  // of the table, by trial
  double offset_ = 0;                          // of the objective from the log of the sum
};

}  // namespace pare::search
