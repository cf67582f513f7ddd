// The store that the service runs on, for tests of what stands on it.
#pragma once

#include <memory>
#include <stdexcept>
#include <utility>

#include "coordinator/store/pg_store.h"
#include "tests/support/test_database.h"

namespace pare::coordinator {

// The database of the program's tests: one for all of them.
inline const TestDatabase& shared_database() {
  static const TestDatabase database;
  return database;
}

// An empty store.  One at a time: the database is the same for all, and is emptied.  Some 50 ms,
// and the first of a program 0.3 s. REQUIRES: nobody else uses the database.
inline std::unique_ptr<Store> empty_store(const StoreOptions& options = {}) {
  constexpr int kConnections = 8;
  shared_database().clear();
  auto opened = open_pg_store({shared_database().url(), kConnections, options});
  if (!opened) throw std::runtime_error(opened.error().message);
  return std::move(opened).value();
}

}  // namespace pare::coordinator
