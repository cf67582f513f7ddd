// The job loop under random histories.  Numbers come back from SQL as they went in, so that a
// strategy restored from the database asks the same.
#include <gtest/gtest.h>

#include "tests/coordinator/jobs/job_loop_fixture.h"

namespace pare::coordinator {
namespace {

using History = JobLoopFixture;

TEST_F(History, failures_crashes_and_restarts_end_in_a_consistent_job) {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    fill();
    run_history(seed, 25);
    EXPECT_EQ(
        shared_database().ask("SELECT count(*) FROM task WHERE state IN ('queued', 'leased')"),
        "0");
  }
}

}  // namespace
}  // namespace pare::coordinator
