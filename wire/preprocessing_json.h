// Ways of preparing images, and what trying them found, as JSON (docs/tasks.md).  Decoding is
// total, as in plan_json.h.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "core/preprocessing.h"
#include "core/result.h"
#include "wire/schema.h"

namespace pare::wire {

nlohmann::json preprocessing_trial_value(const PreprocessingTrial& trial);
std::string preprocessing_trial_to_json(const PreprocessingTrial& trial);
Result<PreprocessingTrial> parse_preprocessing_trial(std::string_view json);

Schema preprocessing_schema();
Schema preprocessing_trial_schema();

}  // namespace pare::wire
