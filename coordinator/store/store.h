// All that the coordinator remembers.  Two implementations, one contract
// (tests/coordinator/store/store_contract.h): PgStore is the truth, MemoryStore the fake for tests.
//
// Every call is one transaction.  Thread-safe: calls come from the HTTP threads, the dispatch loop
// and the job loop at the same time.
#pragma once

#include <chrono>
#include <functional>

#include "coordinator/store/catalog.h"
#include "coordinator/store/health.h"
#include "coordinator/store/job_store.h"
#include "coordinator/store/leader_store.h"
#include "coordinator/store/task_store.h"

namespace pare::coordinator {

struct StoreOptions {
  std::chrono::milliseconds lease_length{6000};
  // What time it is; empty: the database's clock, or the system's where there is no database.
  // Tests set it to move time by hand.
  std::function<TimePoint()> clock;
};

class Store : public Catalog, public JobStore, public TaskStore, public LeaderStore {
 public:
  // How the store was a moment ago.  At once, whatever the database does: for /healthz.
  virtual Health health() = 0;
  // Called whenever a task was queued, by whomever: it must be quick and must not call the store.
  // One at a time; empty: nobody is told any more.
  virtual void when_tasks_are_queued(std::function<void()> bell) = 0;
};

}  // namespace pare::coordinator
