// The queue in memory: what the simulation of the link runs on, a hundred thousand histories at a
// time, and the tests of the dispatch.  Jobs, trials and what users bring are in PostgreSQL alone.
//
// One lock around everything; nothing is kept when it ends.
#pragma once

#include <memory>

#include "coordinator/store/leader_store.h"
#include "coordinator/store/store_options.h"
#include "coordinator/store/task_store.h"

namespace pare::coordinator {

class MemoryQueue : public TaskStore, public LeaderStore {
 public:
  // Queues a task, as a batch does in PostgreSQL.
  virtual TaskId queue(const NewTask& task) = 0;
};

std::unique_ptr<MemoryQueue> make_memory_queue(const StoreOptions& options = {});

}  // namespace pare::coordinator
