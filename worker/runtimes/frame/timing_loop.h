// The timing loop of docs/runtimes.md: warm up until times settle, then sample until the interval
// of the median is narrow or the budget ends.
//
// The clock is handed in, so that the rules can be tested without waiting.
#pragma once

#include <functional>
#include <vector>

namespace pare::worker {

struct TimingPolicy {
  int window = 8;
  double tolerance = 0.02;
  double warmup_max_seconds = 5.0;
  int min_samples = 30;
  int max_samples = 2000;
  double max_seconds = 20.0;
  double half_width = 0.01;
};

struct TimedRuns {
  std::vector<double> samples_ms;
  int warmup_runs = 0;
  double warmup_ms = 0;
  bool stationary = false;
  bool narrow = false;
};

// REQUIRES: window, min_samples, max_samples > 0; now_ms is monotonic.
TimedRuns time_runs(const TimingPolicy& policy, const std::function<void()>& run,
                    const std::function<double()>& now_ms);

}  // namespace pare::worker
