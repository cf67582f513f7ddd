// All that the coordinator remembers, in PostgreSQL (pg_store.h).  What only the queue needs runs
// on a store in memory, too, under the same contract (tests/coordinator/store, memory_queue.h).
//
// Every call is one transaction.  Thread-safe: calls come from the HTTP threads, the dispatch loop
// and the job loop at the same time.
#pragma once

#include <functional>

#include "coordinator/store/access_store.h"
#include "coordinator/store/catalog.h"
#include "coordinator/store/health.h"
#include "coordinator/store/job_store.h"
#include "coordinator/store/leader_store.h"
#include "coordinator/store/store_options.h"
#include "coordinator/store/task_store.h"

namespace pare::coordinator {

class Store : public Catalog,
              public JobStore,
              public TaskStore,
              public LeaderStore,
              public AccessStore {
 public:
  // How the store was a moment ago.  At once, whatever the database does: for /healthz.
  virtual Health health() = 0;
  virtual Result<WorkCounts> work_counts() = 0;
  // Called whenever a task was queued, by whomever: it must be quick and must not call the store.
  // One at a time; empty: nobody is told any more.
  virtual void when_tasks_are_queued(std::function<void()> bell) = 0;
};

}  // namespace pare::coordinator
