// A COMMIT whose answer is lost was made or not, and the loop that sent it goes on without a
// restart.
#include "coordinator/store/memory_store_impl.h"
#include "tests/coordinator/jobs/job_loop_fixture.h"

namespace pare::coordinator {
namespace {

// Makes every commit; of each third one it says that the connection broke.
class DoubtfulStore final : public MemoryStore {
 public:
  using MemoryStore::MemoryStore;

  Result<std::size_t> commit(const Batch& batch) override {
    auto made = MemoryStore::commit(batch);
    if (!made || ++commits_ % 3 != 0) return made;
    return Error{ErrorCode::kUnavailable, "the connection broke in a commit"};
  }

 private:
  int commits_ = 0;
};

class InDoubt : public JobLoopFixture, public testing::WithParamInterface<const char*> {
 protected:
  std::unique_ptr<Store> make_store(const StoreOptions& options) override {
    return std::make_unique<DoubtfulStore>(options);
  }
};

TEST_P(InDoubt, a_strategy_is_told_every_trial_once_whatever_commits_were_made_unheard) {
  constexpr int kTrials = 20;
  start();
  const JobId id = post(kTrials, GetParam());
  int lost = 0;
  for (int round = 0; round < 4000 && !is_final(stored(id).state); ++round) {
    fleet->step();
    if (!loop->step()) ++lost;
  }
  EXPECT_GT(lost, kTrials) << "answers were lost on the way";
  EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  expect_consistent(id, kTrials);
}

INSTANTIATE_TEST_SUITE_P(Strategies, InDoubt, testing::Values("random", "nsga2"));

}  // namespace
}  // namespace pare::coordinator
