// The tuning of a job: when its search is over, chosen members of its fronts are each trained
// alone, and what came out better is built, scored and measured as one more trial.
//
// What is chosen is chosen once, from the fronts as the search left them; that, how far it is and
// what it came to is one document of the job (core/tuning.h), changed in the batch that handles the
// end of a training.  Pure but for the clock-free documents it makes: nothing here reads a store.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "coordinator/jobs/front.h"
#include "coordinator/jobs/job_context.h"
#include "coordinator/jobs/trial_update.h"
#include "coordinator/store/batch.h"
#include "core/tuning.h"

namespace pare::coordinator {

// The trials that are worth a training of their own, at most `most` over all fronts.
//
// Those count that narrow something, are of use, and are chosen and repaired as weights are trained
// for.  Of each front come first the fastest within 1.0 point of the original (the one that loses
// least, where none is) and the knee, which gains most speed for what it loses; then those between,
// halving the widest gap; then those behind the knee, then those before.  Fronts take turns.  Of
// members whose weights would be the same (trained_form()), one is chosen. REQUIRES: `trials` holds
// the fronts' members.
std::vector<int> choose_to_tune(std::span<const TargetFront> fronts, std::span<const Trial> trials,
                                int most);

// Chooses, and asks for the trainings.  REQUIRES: the job's document wants plans tuned.
std::vector<Change> begin_tuning(const JobContext& context, std::span<const TargetFront> fronts,
                                 std::span<const Trial> trials);

// What the end of a training comes to, of the member `trial`: a trial with weights of its own, or
// the reason why there is none; never the end of the job.  `job`: as it is stored now.
std::vector<Change> after_tuning(const JobContext& context, const Job& job, const Trial& trial,
                                 const TaskEnd& end);

// What all of it came to, in a sentence; empty: nothing was to be tuned, or nothing is known yet.
std::string tuning_note(const Job& job);

// nullopt: not begun, or another version's.
std::optional<Tuning> tuning_of(const Job& job);

}  // namespace pare::coordinator
