#include "coordinator/sweep/sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/one_by_one.h"
#include "tests/support/postgres_store.h"
#include "tests/support/store_helpers.h"
#include "wire/sha256.h"

namespace pare::coordinator {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSession = "10000000-0000-0000-0000-000000000001";

class Sweep : public testing::Test {
 protected:
  ~Sweep() override { fs::remove_all(folder_); }

  std::string keep(const std::string& bytes) {
    const std::string sha256 = blobs_.put(bytes).value();
    EXPECT_TRUE(store_->add_blob(sha256, Bytes{std::ssize(bytes)}));
    return sha256;
  }
  // As a worker's heartbeat says it.
  void tell(const Lease& lease, const std::string& sha256, std::int64_t step) {
    RunningTask line{lease.task, lease.attempt, 0, ""};
    line.checkpoint = Checkpoint{sha256, 5, step};
    const std::vector<SessionBeat> beats = {{kSession, {line}}};
    EXPECT_TRUE(store_->see(beats));
  }
  Lease lasting() {
    (void)ok(queue_one(*store_, task_of_kind(TaskKind::kPrepare)));
    (void)ok(store_->greet(kSession, profile("one")));
    return ok(claim_one(*store_, kSession)).value();
  }
  int sweep(std::chrono::seconds kept = std::chrono::seconds(0)) {
    return ok(sweep_checkpoints(*store_, blobs_, kept));
  }

  fs::path folder_ = fs::temp_directory_path() / ("pare-sweep-" + std::to_string(::getpid()));
  BlobStore blobs_ = BlobStore::open(folder_, Bytes{1 << 20}).value();
  std::unique_ptr<Store> store_ = empty_store();
};

TEST_F(Sweep, removes_a_checkpoint_that_was_replaced_and_keeps_the_newest) {
  const Lease lease = lasting();
  const std::string first = keep("first"), second = keep("second"), other = keep("other");
  tell(lease, first, 1);
  EXPECT_EQ(sweep(), 0);
  tell(lease, second, 2);
  EXPECT_EQ(sweep(std::chrono::hours(1)), 0) << "it is not old";
  EXPECT_EQ(sweep(), 1);
  EXPECT_FALSE(blobs_.contains(first));
  EXPECT_FALSE(store_->blob(first).value());
  EXPECT_TRUE(blobs_.contains(second));
  EXPECT_TRUE(blobs_.contains(other)) << "it never was a checkpoint";
  EXPECT_EQ(sweep(), 0);
}

TEST_F(Sweep, removes_the_last_one_when_its_task_has_ended) {
  const Lease lease = lasting();
  const std::string last = keep("last");
  tell(lease, last, 1);
  ASSERT_TRUE(store_->report({lease.task, lease.attempt, true, false, "", "{}"}));
  EXPECT_EQ(sweep(), 1);
  EXPECT_FALSE(blobs_.contains(last));
}

TEST_F(Sweep, keeps_what_is_something_else_too) {
  const Lease lease = lasting();
  const std::string bytes = keep("a model, by chance");
  ASSERT_TRUE(store_->add_model({"m", bytes, ""}, task_of_kind(TaskKind::kInspectModel)));
  tell(lease, bytes, 1);
  tell(lease, keep("next"), 2);
  EXPECT_EQ(sweep(), 0);
  EXPECT_TRUE(blobs_.contains(bytes));
}

TEST_F(Sweep, goes_on_where_it_was_interrupted_between_the_file_and_the_row) {
  const Lease lease = lasting();
  const std::string first = keep("first");
  tell(lease, first, 1);
  tell(lease, keep("second"), 2);
  ASSERT_TRUE(blobs_.remove(first).value());
  EXPECT_EQ(sweep(), 0);
  EXPECT_FALSE(store_->blob(first).value());
  EXPECT_TRUE(store_->old_checkpoints(std::chrono::seconds(0), 10).value().empty());
}

}  // namespace
}  // namespace pare::coordinator
