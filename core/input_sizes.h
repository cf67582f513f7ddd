// Which input sizes a model may be given: what inspection tries and a search chooses from.
#pragma once

#include <vector>

#include "core/model_summary.h"

namespace pare {

struct InputSize {
  int height = 0;
  int width = 0;
  friend bool operator==(InputSize, InputSize) = default;
};

// Multiples of the stride from `low` to `high` rows, each as wide as the card's proportion asks,
// `step` strides apart, counted down from the largest; the tallest first.
// REQUIRES: stride, step and the card's sides are above 0.
std::vector<InputSize> sizes_between(const ModelCard& card, int stride, double low, double high,
                                     int step = 1);

}  // namespace pare
