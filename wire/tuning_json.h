// How far the tuning of a job is, as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/tuning.h"
#include "wire/schema.h"

namespace pare::wire {

nlohmann::json tuning_value(const Tuning& tuning);
std::string tuning_to_json(const Tuning& tuning);
// Total: kInvalidArgument, naming the field.
Result<Tuning> parse_tuning(std::string_view json);

std::vector<schema::Field> tuning_fields();

}  // namespace pare::wire
