// The store in PostgreSQL.
//
// Opening an empty database makes its schema, under an advisory lock, so that two coordinators may
// start at once.  The schema of a database that another version made is brought to this one's by
// lead(), once this one leads: until then the calls of LeaderStore alone can be used (the leader
// may be of the older version, and goes on).  A newer schema is kUnsupported.  Keeps a pool of
// connections, one a thread at a time; a connection that broke is replaced on the next call, which
// fails with kUnavailable only if the database cannot be reached then.  No call waits for ever,
// whatever the database does: see pg_pool.h and pg_monitor.h.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "coordinator/store/store.h"

namespace pare::coordinator {

struct PgOptions {
  std::string url;  // libpq connection string or URL
  int connections = 8;
  StoreOptions store;
  std::function<void(const std::string&)> log = {};  // what people should see; empty: nobody does
};

Result<std::unique_ptr<Store>> open_pg_store(const PgOptions& options);

}  // namespace pare::coordinator
