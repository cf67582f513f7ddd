// `pare-train run`: the task `train`, by the same contract as pare-engine's (docs/tasks.md).
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "core/result.h"
#include "core/stopwatch.h"
#include "wire/task_json.h"

namespace pare::engine {

// The super-network is written into `scratch`, which exists; `say` gets lines of JSON for stdout.
// Torch computes with as many threads as the task has cores, or, where it goes on from a
// checkpoint, with as many as that run had, so that the bits are the same.  A checkpoint that
// cannot be gone on from is a reason to begin anew, told in the progress and in the result's notes.
// Fails as reading the blobs does, with kInvalidArgument where the statistics are another model's,
// with kUnsupported for tasks of other kinds and models that cannot be narrowed.
Result<wire::TaskSuccess> run_train_task(const wire::TaskDocument& task,
                                         const std::filesystem::path& scratch, Stopwatch& watch,
                                         const std::function<void(const std::string&)>& say);

}  // namespace pare::engine
