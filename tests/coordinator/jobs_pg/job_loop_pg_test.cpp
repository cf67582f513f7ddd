// The job loop on the real store: what the fake cannot show is that numbers come back from SQL as
// they went in, so that a strategy restored from the database asks the same.
#include <gtest/gtest.h>

#include "tests/coordinator/jobs_pg/job_loop_on_postgres.h"

namespace pare::coordinator {
namespace {

TEST_F(JobLoopOnPostgres, failures_crashes_and_restarts_end_in_a_consistent_job) {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    fill();
    run_history(seed, 20);
    EXPECT_EQ(database.ask("SELECT count(*) FROM task WHERE state IN ('queued', 'leased')"), "0");
  }
}

}  // namespace
}  // namespace pare::coordinator
