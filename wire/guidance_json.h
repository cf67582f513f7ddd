// Guidance as JSON, a part of what `prepare` answers (docs/tasks.md).
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "core/guidance.h"
#include "wire/fields.h"

namespace pare::wire {

Guidance read_guidance(Fields& fields);
nlohmann::json guidance_value(const Guidance& guidance);

}  // namespace pare::wire
