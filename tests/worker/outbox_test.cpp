#include "worker/link/outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace pare::worker {
namespace {

namespace fs = std::filesystem;

class OutboxTest : public testing::Test {
 protected:
  OutboxTest()
      : folder_(fs::temp_directory_path() / ("pare-outbox-" + std::to_string(::getpid()))) {
    fs::remove_all(folder_);
  }
  ~OutboxTest() override { fs::remove_all(folder_); }

  Outbox open() const { return Outbox::open(folder_).value(); }

  fs::path folder_;
};

const wire::TaskReport kReport{.task = {12}, .attempt = 3, .outcome_json = "{\"ok\":true}\n\n"};

TEST_F(OutboxTest, what_was_saved_is_there_for_the_next_process_until_it_is_removed) {
  ASSERT_TRUE(open().save(kReport));
  EXPECT_THAT(open().load(), testing::ElementsAre(kReport));
  open().remove({12}, 3);
  EXPECT_THAT(open().load(), testing::IsEmpty());
  open().remove({12}, 3);  // again does no harm
}

TEST_F(OutboxTest, a_report_that_was_half_written_is_not_believed) {
  Outbox outbox = open();
  std::ofstream(folder_ / "13-1.json.part") << "{\"ok\":tr";
  std::ofstream(folder_ / "notes.txt") << "mine";
  EXPECT_THAT(outbox.load(), testing::IsEmpty());
  EXPECT_TRUE(fs::exists(folder_ / "notes.txt"));
}

TEST_F(OutboxTest, a_folder_that_cannot_be_made_is_named) {
  std::ofstream(folder_.string()) << "a file";
  const auto outbox = Outbox::open(folder_);
  ASSERT_FALSE(outbox);
  EXPECT_THAT(outbox.error().message, testing::HasSubstr(folder_.string()));
}

}  // namespace
}  // namespace pare::worker
