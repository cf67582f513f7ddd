// Job documents (docs/api.md).  Decoding is total, as in plan_json.h, and fills in the defaults;
// what is left to check is only what the service alone knows: whether the things named exist.
#pragma once

#include <string>
#include <string_view>

#include "core/job.h"
#include "core/result.h"

namespace pare::wire {

// Every field, defaults included: parse_new_job(job_to_json(job)) is the same job.
std::string job_to_json(const NewJob& job);
Result<NewJob> parse_new_job(std::string_view json);

// {"priority": 5}: from -100 to 100.
Result<int> parse_priority(std::string_view json);

}  // namespace pare::wire
