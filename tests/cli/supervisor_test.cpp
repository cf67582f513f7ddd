#include "cli/supervisor.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

namespace pare::cli {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

std::string read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class SupervisorTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              (std::string("supervisor_") +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    ASSERT_EQ(::pipe(never_), 0);
  }
  void TearDown() override {
    fs::remove_all(folder_);
    ::close(never_[0]);
    ::close(never_[1]);
  }

  Program shell(const std::string& script) {
    return {"it", {"sh", "-c", script}, folder_ / "it.log"};
  }
  // Turns until the condition holds; false after ten seconds.
  template <typename Condition>
  bool turn_until(Supervisor& supervisor, Condition condition) {
    const auto deadline = Clock::now() + std::chrono::seconds(10);
    while (!condition() && Clock::now() < deadline) supervisor.turn(milliseconds(50), never_[0]);
    return condition();
  }

  fs::path folder_;
  int never_[2] = {-1, -1};  // a descriptor that never becomes readable
  std::vector<std::string> said_;
};

TEST_F(SupervisorTest, a_program_that_ends_is_started_again_and_its_words_are_kept) {
  Supervisor supervisor([&](const std::string& line) { said_.push_back(line); });
  ASSERT_TRUE(supervisor.start(shell("echo started >> " + (folder_ / "count").string() +
                                     "; echo out; echo err >&2; exit 3")));
  EXPECT_TRUE(turn_until(supervisor, [&] { return read(folder_ / "count").size() >= 16; }));
  ASSERT_GE(said_.size(), 2U);
  EXPECT_EQ(said_[0].find("it ended with exit code 3; it starts again in 500 ms"), 0U) << said_[0];
  EXPECT_EQ(said_[1], "it runs again");
  EXPECT_NE(supervisor.last_words("it").find("err"), std::string::npos);
  EXPECT_NE(read(folder_ / "it.log").find("out"), std::string::npos);
}

TEST_F(SupervisorTest, a_program_that_ignores_the_request_to_end_is_killed) {
  Supervisor supervisor([](const std::string&) {});
  ASSERT_TRUE(supervisor.start(shell("trap '' TERM; echo $$; while :; do sleep 1; done")));
  ASSERT_TRUE(turn_until(supervisor, [&] { return !supervisor.last_words("it").empty(); }));
  const pid_t pid = std::stoi(supervisor.last_words("it"));
  EXPECT_EQ(::kill(pid, 0), 0);
  supervisor.stop(milliseconds(200));
  EXPECT_NE(::kill(pid, 0), 0);
}

TEST_F(SupervisorTest, a_program_that_is_not_there_is_named) {
  Supervisor supervisor([](const std::string&) {});
  const auto started = supervisor.start({"it", {"/nowhere/at-all"}, folder_ / "it.log"});
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().message.find("/nowhere/at-all"), std::string::npos);
}

TEST_F(SupervisorTest, the_log_of_the_run_before_is_kept_beside_the_new_one) {
  std::ofstream(folder_ / "it.log") << "before";
  Supervisor supervisor([](const std::string&) {});
  ASSERT_TRUE(supervisor.start(shell("echo now; sleep 60")));
  EXPECT_TRUE(turn_until(supervisor, [&] { return read(folder_ / "it.log") == "now\n"; }));
  EXPECT_EQ(read(folder_ / "it.log.1"), "before");
}

TEST(RestartDelay, it_doubles_up_to_half_a_minute) {
  EXPECT_EQ(restart_delay(0), milliseconds(500));
  EXPECT_EQ(restart_delay(1), milliseconds(1000));
  EXPECT_EQ(restart_delay(5), milliseconds(16'000));
  EXPECT_EQ(restart_delay(6), milliseconds(30'000));
  EXPECT_EQ(restart_delay(1000), milliseconds(30'000));
}

}  // namespace
}  // namespace pare::cli
