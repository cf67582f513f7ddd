// The store in PostgreSQL.
//
// Opening applies the migrations that are missing, each in one transaction, under an advisory lock,
// so that two coordinators may start at once.  Keeps a pool of connections, one a thread at a
// time; a connection that broke is replaced on the next call, which fails with kUnavailable only if
// the database cannot be reached then.  No call waits for ever, whatever the database does: see
// pg_pool.h and pg_monitor.h.
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
