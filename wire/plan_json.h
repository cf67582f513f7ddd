// Plans as JSON (docs/tasks.md).
//
// The encoding is canonical: keys sorted, no spaces, so that equal plans have equal bytes, and the
// SHA-256 of these bytes is the plan's name.  What the first version can say is written as it was:
// plans keep the names that they have.  Decoding is total: an unknown, missing or mistyped
// field, or a value out of its range, is kInvalidArgument naming the field and the value.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/plan.h"
#include "core/result.h"
#include "wire/schema.h"

namespace pare::wire {

std::string_view name_of(QdqPlacement placement);

std::string plan_to_json(const Plan& plan);

// Of both versions; a directive that changes nothing is dropped.
Result<Plan> parse_plan(std::string_view json);

// {"plans": [...], "trials"?: n}.
struct PlansAsked {
  std::vector<Plan> plans;    // 1 to 1000
  std::optional<int> trials;  // what the job's first n trials say; nullopt: all of them
};
Result<PlansAsked> parse_plans_asked(std::string_view json);

std::string plan_sha256(const Plan& plan);

// Either version.
Schema plan_schema();
Schema plans_asked_schema();

}  // namespace pare::wire
