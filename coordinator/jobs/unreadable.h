// Tasks whose rows this version cannot read: what follows from their end.
//
// A kind of task that another version brought says nothing here, but what it was about is known.
// So it counts as a task of that trial, job, model, dataset or comparison that has failed, with the
// reason; whatever is stored of it stays, and the job goes on with the rest and says so.
#pragma once

#include <vector>

#include "coordinator/store/batch.h"
#include "coordinator/store/store.h"

namespace pare::coordinator {

// The task as one that failed because it cannot be read, of the kind that its subject tells.
// REQUIRES: `unreadable` says why.  Reads the trial that it is about.
Result<Task> as_failed(Store& store, Task task);

// What its batch says of such a task, before anything else: set aside with the reason, and a
// warning of its job where that goes on.
Result<std::vector<Change>> said_of(Store& store, const Task& task);

}  // namespace pare::coordinator
