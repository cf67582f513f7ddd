// What the reality check found, as JSON: what `check` answers (docs/tasks.md).
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "core/device_check.h"
#include "wire/fields.h"

namespace pare::wire {

DeviceCheck read_device_check(Fields& fields);
nlohmann::json device_check_value(const DeviceCheck& check);

}  // namespace pare::wire
