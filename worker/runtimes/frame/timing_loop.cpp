#include "worker/runtimes/frame/timing_loop.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "core/samples.h"

namespace pare::worker {
namespace {

// True if the last `window` samples have the median of the `window` before.
bool settled(std::span<const double> samples, std::size_t window, double tolerance) {
  if (samples.size() < 2 * window) return false;
  const double now = summarize(samples.last(window)).median.count();
  const double before =
      summarize(samples.subspan(samples.size() - 2 * window, window)).median.count();
  return std::abs(now - before) <= tolerance * before;
}

}  // namespace

TimedRuns time_runs(const TimingPolicy& policy, const std::function<void()>& run,
                    const std::function<double()>& now_ms) {
  const auto timed = [&] {
    const double start = now_ms();
    run();
    return now_ms() - start;
  };
  TimedRuns result;
  const double warmup_start = now_ms();
  std::vector<double> warmup;
  while (!result.stationary && now_ms() - warmup_start < policy.warmup_max_seconds * 1000) {
    warmup.push_back(timed());
    result.stationary = settled(warmup, static_cast<std::size_t>(policy.window), policy.tolerance);
  }
  result.warmup_runs = static_cast<int>(warmup.size());
  result.warmup_ms = now_ms() - warmup_start;

  std::vector<double>& samples = result.samples_ms;
  const auto most = static_cast<std::size_t>(policy.max_samples);
  // Sorting happens between samples, so it is done after every eighth more of them only.
  auto next_look = std::min(most, static_cast<std::size_t>(policy.min_samples));
  const double start = now_ms();
  do {
    samples.push_back(timed());
    if (samples.size() < next_look) continue;
    result.narrow = relative_half_width(samples) <= policy.half_width;
    next_look = samples.size() + std::max<std::size_t>(1, samples.size() / 8);
  } while (!result.narrow && samples.size() < most && now_ms() - start < policy.max_seconds * 1000);
  return result;
}

}  // namespace pare::worker
