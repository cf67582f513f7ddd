// What training a super-network came to, as JSON: in outcomes, in the store and in the API.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "core/result.h"
#include "core/training.h"
#include "wire/fields.h"
#include "wire/schema.h"

namespace pare::wire {

Training read_training(Fields& fields);
nlohmann::json training_value(const Training& training);

std::string training_to_json(const Training& training);
Result<Training> parse_training(std::string_view json);

Schema training_schema();

}  // namespace pare::wire
