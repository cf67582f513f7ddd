// What follows from the end of a task that belongs to no trial: inspections and comparisons.  Pure.
#pragma once

#include <vector>

#include "coordinator/store/batch.h"

namespace pare::coordinator {

// REQUIRES: the task is an inspection or a comparison, and has ended.
std::vector<Change> after_catalog_task(const Task& task);

}  // namespace pare::coordinator
