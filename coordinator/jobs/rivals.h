// Fidelity: which trials a candidate has to fear before it is scored on all images.
//
// A rival was scored on all images and is faster on every target whose accuracy is at stake: if it
// is more accurate, too, the candidate stands on no front.  Only in searches for fronts of mAP
// and latency: elsewhere a slower and less accurate plan may still be worth its place.  Pure.
#pragma once

#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "coordinator/jobs/job_context.h"
#include "coordinator/store/trial_records.h"

namespace pare::coordinator {

inline constexpr std::size_t kMostRivals = 2;

// What others have to fear of a trial, on each of the job's targets in their order.
struct Scored {
  struct On {
    double map_50_95 = 0;
    double latency_ms = HUGE_VAL;  // so where it was not scored on all images, or is no rival
    std::string detections_sha256;
  };
  int number = 0;
  std::vector<On> on;
};

// nullopt: nobody has to fear it, or the rule does not apply to the job.
std::optional<Scored> scored_of(const JobContext& context, const Trial& trial);

// The detections of the most accurate ones, by SHA-256; none where the rule does not apply.
// O(others).  REQUIRES: the trial has a latency on each of the targets that it is feasible on.
std::vector<std::string> rivals_of(const JobContext& context, const Trial& trial,
                                   std::span<const std::string> targets,
                                   std::span<const Scored> others);

}  // namespace pare::coordinator
