// How sure it is that a plan belongs on its front.
//
// Each trial's objectives are drawn kDraws times: mAP as it came out on halves of the images, put
// around what it is on all of them (core/half_samples.h), the same halves for every trial, so that
// what is hard about an image cancels between two of them; the logarithm of latency as a normal of
// its interval's width, at least that of two runs of the same file on a quiet machine.  Other
// accuracies and sizes stay as they are.  The probability is the share of the draws in which no
// other trial beats this one.  O(kDraws * trials) each.
//
// Pure, and the same on every call: random numbers are keyed by the trial.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "coordinator/jobs/job_metrics.h"

namespace pare::coordinator {

inline constexpr std::size_t kDraws = 80;
inline constexpr double kBetweenRuns = 0.01;  // deviation of a log latency between runs, at least

// What is known of a trial's objectives on one target.
struct Uncertain {
  std::vector<double> objectives;          // as measured
  std::vector<std::vector<double>> drawn;  // kDraws times
};

// REQUIRES: as objectives_of().
Uncertain uncertain_of(const NewJob& job, const Trial& trial, const TargetRecord& record);

// In [0, 1].
double probability_on_front(std::span<const Uncertain> all, std::size_t which);

}  // namespace pare::coordinator
