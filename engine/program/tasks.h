// From a task document to what the engine did: the one place where wire meets the pipeline.
#pragma once

#include <filesystem>

#include "core/result.h"
#include "core/stopwatch.h"
#include "wire/task_json.h"

namespace pare::engine {

// Artifacts are written into `scratch`, which exists.  Progress goes to stdout.  `watch` learns
// where the time went, of a task that fails as well.
Result<wire::TaskSuccess> run_task(const wire::TaskDocument& task,
                                   const std::filesystem::path& scratch, Stopwatch& watch);

}  // namespace pare::engine
