// The end of a search: what its fronts hold is measured once more.
//
// A plan is on a front because its latency came out low; among many, some came out low by chance.
// A second measurement, taken when nothing is chosen by it any more, does not flatter.  Where it
// moves a plan off its front and another one on, that one follows, until every latency that is
// reported on a front is a confirmed one.  The original is measured again with them: a device that
// has changed its speed since it was would make all of them look faster or slower.  Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "coordinator/jobs/canary_rule.h"
#include "coordinator/jobs/job_context.h"
#include "coordinator/store/batch.h"
#include "wire/task_json.h"

namespace pare::coordinator {

// The tasks that measure what a front reports and is not confirmed, the original first.
std::vector<Change> confirmations(const JobContext& context, std::span<const Trial> trials);

// What follows from the end of one of them.  A measurement that failed confirms the first one, with
// the reason as what makes it doubtful.  `readings`: of the canary on that target so far; this one
// joins them.
// REQUIRES: the trial has a latency on the target that is not confirmed.
std::vector<Change> confirmed_by(const Result<wire::TaskSuccess>& end, const Trial& trial,
                                 const std::string& target, const std::string& device_id,
                                 const std::vector<CanaryReading>& readings);

}  // namespace pare::coordinator
