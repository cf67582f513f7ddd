// A COMMIT whose answer is lost was made or not, and the loop that sent it goes on without a
// restart.
#include "tests/coordinator/jobs/job_loop_fixture.h"
#include "tests/support/database_proxy.h"

namespace pare::coordinator {
namespace {

// The loop has a way to the database of its own, on which one commit in eight is made unheard.
class InDoubt : public JobLoopFixture, public testing::WithParamInterface<const char*> {
 protected:
  void start_in_doubt() {
    StoreOptions options;
    options.clock = [this] { return clock; };
    auto opened = open_pg_store({proxy.url(), 4, options});
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    doubtful = std::move(opened).value();
    start_on(*doubtful);
    proxy.lose_commits(8);
  }
  void TearDown() override {
    proxy.lose_commits(0);
    loop.reset();
    views.reset();
    doubtful.reset();
  }

  DatabaseProxy proxy{shared_database()};
  std::unique_ptr<Store> doubtful;
};

TEST_P(InDoubt, a_strategy_is_told_every_trial_once_whatever_commits_were_made_unheard) {
  constexpr int kTrials = 12;
  start_in_doubt();
  const JobId id = post(kTrials, GetParam());
  int failed = 0;
  for (int round = 0; round < 4000 && !is_final(stored(id).state); ++round) {
    fleet->step();
    if (!loop->step()) ++failed;
  }
  EXPECT_GT(proxy.lost_commits(), kTrials);
  EXPECT_GT(failed, kTrials / 2) << "the loop heard of it";
  EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  expect_consistent(id, kTrials);
}

INSTANTIATE_TEST_SUITE_P(Strategies, InDoubt, testing::Values("random", "nsga2"));

}  // namespace
}  // namespace pare::coordinator
