#include "core/training.h"

#include <algorithm>

namespace pare {

bool gained(const Training& training) {
  return std::ranges::any_of(training.knots, &TrainedKnot::kept);
}

double left_of_loss(const Training& training, double removed) {
  double below = 0, left = 1;
  for (const JudgedShare& one : training.judged) {
    const double here =
        one.closed_form > 0 ? std::clamp(one.trained / one.closed_form, 0.0, 1.0) : 1;
    if (removed <= one.removed && one.removed > below) {
      return left + (here - left) * std::max(0.0, removed - below) / (one.removed - below);
    }
    below = one.removed;
    left = here;
  }
  return left;
}

}  // namespace pare
