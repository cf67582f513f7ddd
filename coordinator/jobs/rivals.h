// Fidelity: which trials a candidate has to fear before it is scored on all images.
//
// A rival was scored on all images and is faster on every target whose accuracy is at stake: if it
// is more accurate, too, the candidate stands on no front.  Only in searches for fronts of mAP
// and latency: elsewhere a slower and less accurate plan may still be worth its place.  Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "coordinator/jobs/job_context.h"
#include "coordinator/store/trial_records.h"

namespace pare::coordinator {

inline constexpr std::size_t kMostRivals = 2;

// The detections of the most accurate ones, by SHA-256; none where the rule does not apply.
// REQUIRES: the trial has a latency on each of the targets that it is feasible on.
std::vector<std::string> rivals_of(const JobContext& context, const Trial& trial,
                                   std::span<const std::string> targets,
                                   std::span<const Trial> others);

}  // namespace pare::coordinator
