// What follows from the end of a task that belongs to no trial: inspections and comparisons.  Pure.
#pragma once

#include <vector>

#include "coordinator/store/batch.h"
#include "core/result.h"

namespace pare::coordinator {

// kInternal: a task of another kind, or an outcome of another kind than its task.
// REQUIRES: the task has ended.
Result<std::vector<Change>> after_catalog_task(const Task& task);

}  // namespace pare::coordinator
