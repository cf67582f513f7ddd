// A report as it arrived, judged: what the store is to record.
#pragma once

#include <string>

#include "coordinator/store/task_store.h"
#include "wire/worker_messages.h"

namespace pare::coordinator {

// An outcome that cannot be read is a failure that says so: refusing it would have it sent again
// for ever.  Pure.
AttemptReport judge(const wire::TaskReport& report, TaskKind kind);
// The failure that an outcome is which nobody can use.  Pure.
AttemptReport unusable(const wire::TaskReport& report, const std::string& problem);

}  // namespace pare::coordinator
