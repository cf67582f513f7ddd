// From a task document to what the engine did: the one place where wire meets the pipeline.
#pragma once

#include <filesystem>

#include "core/result.h"
#include "wire/task_json.h"

namespace pare::engine {

// Artifacts are written into `scratch`, which exists.  Progress goes to stdout.
Result<wire::TaskSuccess> run_task(const wire::TaskDocument& task,
                                   const std::filesystem::path& scratch);

}  // namespace pare::engine
