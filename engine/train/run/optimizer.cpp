#include "engine/train/run/optimizer.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace pare::engine {
namespace {

constexpr double kTiny = 1e-8;
constexpr std::int64_t kTooManyInRow = 3;

void skip(RunState& state) {
  ++state.skipped;
  if (++state.skipped_in_row % kTooManyInRow == 0) state.rate_factor /= 2;
}

}  // namespace

double rate_share(std::int64_t step, std::int64_t steps, const OptimizerOptions& options) {
  const bool is_open = steps == 0;
  const std::int64_t warmup = is_open ? options.warmup : std::min(options.warmup, steps / 5);
  if (is_open && step >= warmup) return 1;
  if (step < warmup) return static_cast<double>(step + 1) / static_cast<double>(warmup);
  const double done = static_cast<double>(step - warmup) /
                      static_cast<double>(std::max<std::int64_t>(1, steps - warmup));
  const double wave = 0.5 * (1 + std::cos(std::numbers::pi * std::min(done, 1.0)));
  return options.last_share + (1 - options.last_share) * wave;
}

bool take_step(const torch::Tensor& gradients, const OptimizerOptions& options, RunState& state) {
  const torch::NoGradGuard no_grad;
  const double norm = gradients.norm().item<double>();
  if (!std::isfinite(norm)) {
    skip(state);
    return false;
  }
  state.skipped_in_row = 0;
  const torch::Tensor clipped =
      gradients * std::min(1.0, options.largest_gradient / std::max(norm, kTiny));
  const double count = static_cast<double>(state.step + 1 - state.skipped);
  const double rate =
      options.rate * state.rate_factor * rate_share(state.step, state.steps, options);
  state.first_moment.mul_(options.first_decay).add_(clipped, 1 - options.first_decay);
  state.second_moment.mul_(options.second_decay)
      .addcmul_(clipped, clipped, 1 - options.second_decay);
  const double first = 1 - std::pow(options.first_decay, count);
  const double second = 1 - std::pow(options.second_decay, count);
  const torch::Tensor size = (state.second_moment / second).sqrt_().add_(kTiny);
  state.values.mul_(1 - rate * options.weight_decay)
      .addcdiv_(state.first_moment, size, -rate / first);
  const double average = std::min(options.average_decay, (1 + count) / (10 + count));
  state.average.mul_(average).add_(state.values, 1 - average);
  return true;
}

}  // namespace pare::engine
