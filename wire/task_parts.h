// Parameters and results of each kind of task as JSON values; private to this folder.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "core/task.h"
#include "wire/fields.h"
#include "wire/task_params.h"
#include "wire/task_results.h"

namespace pare::wire {

TaskParams read_params(Fields& fields, TaskKind kind);
nlohmann::json params_value(const TaskParams& params);

TaskResult read_result(Fields& fields, TaskKind kind);
nlohmann::json result_value(const TaskResult& result);

}  // namespace pare::wire
