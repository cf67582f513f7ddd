// The job loop on the real store: what the fake cannot show is that numbers come back from SQL as
// they went in, so that a strategy restored from the database asks the same.
#include <gtest/gtest.h>

#include "coordinator/store/pg_store.h"
#include "tests/coordinator/jobs/job_loop_fixture.h"
#include "tests/support/test_database.h"

namespace pare::coordinator {
namespace {

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

TEST_F(JobLoopOnPostgres, failures_crashes_and_restarts_end_in_a_consistent_job) {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    fill();
    run_history(seed, 20);
    EXPECT_EQ(database.ask("SELECT count(*) FROM task WHERE state IN ('queued', 'leased')"), "0");
  }
}

}  // namespace
}  // namespace pare::coordinator
