// Which cores a task's measurement is pinned to.
//
// A task that has its device for itself gets as many cores as it uses threads, the highest numbers
// first and one of each physical core before a second: always the same ones, so that its figures
// can be compared, and the low ones are left to the services beside it where there are enough.
// Every other task gets all that the worker may use.  More threads than there are cores would only
// wait for each other: such a task is refused with both numbers.  Pure.
#pragma once

#include <vector>

#include "core/result.h"
#include "host/facts.h"
#include "wire/task_json.h"

namespace pare::worker {

// `allowed`: the worker's cores, empty: all; `usable`: those of this process.
// Fails with kUnsupported.
Result<std::vector<int>> cores_for(const wire::TaskDocument& task, const std::vector<int>& allowed,
                                   const std::vector<host::Core>& usable);

}  // namespace pare::worker
