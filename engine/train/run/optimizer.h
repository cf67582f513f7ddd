// AdamW on one flat tensor, its average, and the schedule of its rate.
//
// Sources: AdamW (Loshchilov and Hutter 2019); averaging with a ramp: YOLOX (Ge et al. 2021).
// Cost: some ten passes over the values a step.
#pragma once

#include <torch/torch.h>

#include <cstdint>

#include "engine/train/run/run_state.h"

namespace pare::engine {

struct OptimizerOptions {
  double rate = 2e-4;
  double first_decay = 0.9, second_decay = 0.997;
  double weight_decay = 0.01;
  double largest_gradient = 1;  // of all together
  std::int64_t warmup = 50;     // steps
  double last_share = 0.02;     // of the rate, at the end
  double average_decay = 0.998;
};

// Share of the highest rate at a step of `steps`, the first being 0: up from 0, then a cosine.
// As long as nobody knows how many steps there will be, `steps` is 0: it stays high.
double rate_share(std::int64_t step, std::int64_t steps, const OptimizerOptions& options);

// One step from these gradients, or, where one is not finite, none: it is counted, and three in a
// row halve the rate.  True if a step was made.
bool take_step(const torch::Tensor& gradients, const OptimizerOptions& options, RunState& state);

}  // namespace pare::engine
