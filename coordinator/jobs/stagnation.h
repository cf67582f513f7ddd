// Whether a search still finds anything.
//
// The rule: it does not if so many trials in a row have raised the hypervolume of no front by more
// than 0.1 %.  Before a front has an original to measure hypervolume against, it counts as moving.
// A function of what the strategy was told and its order, so that a restored job stops where an
// uninterrupted one would.  O(hypervolume of the front) a trial.
#pragma once

#include <vector>

#include "core/job.h"
#include "search/strategy.h"

namespace pare::coordinator {

class Stagnation {
 public:
  void tell(const NewJob& job, const search::Observation& observation, bool original);

  // True if the last `trials` told brought nothing.
  bool reached(int trials) const;

 private:
  struct Front {
    std::vector<double> reference;  // empty: no original yet
    std::vector<std::vector<double>> points;
    std::vector<double> hypervolume;  // after each trial
  };
  std::vector<Front> fronts_;  // in the order of the observations' targets
};

}  // namespace pare::coordinator
