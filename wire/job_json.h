// Job documents (docs/api.md).  Decoding is total, as in plan_json.h, and fills in the defaults;
// what is left to check is only what the service alone knows: whether the things named exist.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/job.h"
#include "core/result.h"
#include "wire/schema.h"

namespace pare::wire {

// Every field, defaults included: parse_new_job(job_to_json(job)) is the same job.
nlohmann::json job_value(const NewJob& job);
std::string job_to_json(const NewJob& job);
Result<NewJob> parse_new_job(std::string_view json);

inline constexpr int kMostUrgent = 100;

// {"priority": 5}: from -100 to 100.
Result<int> parse_priority(std::string_view json);

// What is asked for; answered, with all its defaults.  `of_transfer`: what is said of `transfer`
// besides.
std::vector<schema::Field> job_fields(Side side,
                                      const std::vector<schema::Field>& of_transfer = {});
Schema new_job_schema();
Schema priority_schema();

}  // namespace pare::wire
