// The job loop's fixture on PostgreSQL.
#pragma once

#include <memory>

#include "coordinator/store/pg_store.h"
#include "tests/coordinator/jobs/job_loop_fixture.h"
#include "tests/support/test_database.h"

namespace pare::coordinator {

class JobLoopOnPostgres : public JobLoopFixture {
 protected:
  std::unique_ptr<Store> make_store(const StoreOptions& options) override {
    store.reset();
    auto opened = open_pg_store({database.url(), 4, options});
    EXPECT_TRUE(opened.has_value()) << opened.error().message;
    database.clear();
    return std::move(opened).value();
  }

  TestDatabase database;
};

}  // namespace pare::coordinator
