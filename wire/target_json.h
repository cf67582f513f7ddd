// Target documents (docs/api.md).  Decoding is total, as in plan_json.h.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"
#include "core/target.h"

namespace pare::wire {

std::string target_to_json(const Target& target);
Result<Target> parse_target(std::string_view json);

}  // namespace pare::wire
