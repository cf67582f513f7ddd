// What the reality check found, as JSON: what `check` answers (docs/tasks.md).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "core/device_check.h"
#include "core/result.h"
#include "wire/fields.h"
#include "wire/schema.h"

namespace pare::wire {

// Of a document of its own, such as the API's; kInvalidArgument names the field that is wrong.
Result<DeviceCheck> parse_device_check(std::string_view text);
DeviceCheck read_device_check(Fields& fields);
nlohmann::json device_check_value(const DeviceCheck& check);

Schema device_check_schema();

}  // namespace pare::wire
