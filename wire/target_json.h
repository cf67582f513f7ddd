// Target documents (docs/api.md).  Decoding is total, as in plan_json.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/target.h"
#include "wire/schema.h"

namespace pare::wire {

std::string target_to_json(const Target& target);
Result<Target> parse_target(std::string_view json);

std::vector<schema::Field> target_fields(Side side);
Schema new_target_schema();

}  // namespace pare::wire
