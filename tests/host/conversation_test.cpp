#include "host/conversation.h"

#include <gtest/gtest.h>

#include <string>

namespace pare::host {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Conversation with(const std::string& script, ConversationLimits limits = {}) {
  auto started = Conversation::start("fake", {.command = {"/bin/sh", "-c", script}}, limits);
  EXPECT_TRUE(started) << started.error().message;
  return std::move(started).value();
}

TEST(Conversation, answers_come_in_the_order_of_questions) {
  Conversation cat = with("exec cat");
  EXPECT_EQ(cat.ask("one", "1", seconds(20)).value(), "one");
  EXPECT_EQ(cat.ask("two", "2", seconds(20)).value(), "two");
}

TEST(Conversation, a_child_may_be_asked_ahead) {
  // Says nothing before it has heard both.
  Conversation fake = with("read a; read b; echo $a; echo $b; exec cat");
  fake.post("one");
  fake.post("two");
  EXPECT_EQ(fake.answer("1", seconds(20)).value(), "one");
  EXPECT_EQ(fake.answer("2", seconds(20)).value(), "two");
  fake.post("nobody waits for this one");
  fake.post("nor for this one");
  EXPECT_EQ(fake.ask("three", "3", seconds(20)).value(), "three");
}

TEST(Conversation, what_was_asked_ahead_of_a_child_that_died_is_an_error_each_time) {
  Conversation fake = with("read a; echo $a; exit 7");
  fake.post("one");
  fake.post("two");
  EXPECT_EQ(fake.answer("1", seconds(20)).value(), "one");
  for (int again = 0; again < 2; ++again) {
    const auto answer = fake.answer("2", seconds(20));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::kInternal);
  }
  EXPECT_FALSE(fake.ask("three", "3", seconds(20)));
}

TEST(Conversation, a_question_larger_than_a_pipe_arrives_whole) {
  Conversation cat = with("exec cat");
  const std::string long_line(1'000'000, 'x');
  EXPECT_EQ(cat.ask(long_line, "long", seconds(20)).value(), long_line);
}

TEST(Conversation, a_child_that_exits_is_unavailable_with_the_end_of_its_log) {
  Conversation fake = with("read x; echo 'no such device' >&2; exit 7");
  const auto answer = fake.ask("{}", "load", seconds(20));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kInternal);
  EXPECT_EQ(answer.error().message,
            "fake ended with exit code 7 instead of answering load; the end of its log: no such "
            "device\n");
  EXPECT_FALSE(fake.ask("{}", "again", seconds(20)));
}

TEST(Conversation, a_child_that_was_killed_says_by_which_signal) {
  Conversation fake = with("read x; kill -KILL $$");
  const auto answer = fake.ask("{}", "time", seconds(20));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "fake ended with signal 9 (Killed) instead of answering time");
}

TEST(Conversation, a_child_that_hangs_is_killed_when_the_limit_has_passed) {
  Conversation fake = with("read x; exec sleep 1000");
  const auto answer = fake.ask("{}", "infer", milliseconds(50));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(answer.error().message, "fake did not answer infer within 50 ms");
  EXPECT_TRUE(fake.child().poll().has_value());
}

TEST(Conversation, a_child_that_does_not_read_is_a_hang_too) {
  Conversation fake = with("exec sleep 1000");
  const auto answer = fake.ask(std::string(4 << 20, 'x'), "load", milliseconds(50));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kDeadlineExceeded);
}

TEST(Conversation, a_line_without_end_is_refused_with_its_beginning) {
  Conversation fake = with("exec yes rubbish | tr -d '\\n'", {.max_line_bytes = 1000});
  const auto answer = fake.ask("{}", "hello", seconds(20));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(answer.error().message.find("over 1000 bytes, which begins with \"rubbishrubbish"),
            std::string::npos)
      << answer.error().message;
}

TEST(Conversation, a_child_that_closes_its_log_costs_no_time_and_still_answers) {
  Conversation fake = with("exec 2>&-; while read x; do echo \"$x\"; done");
  EXPECT_EQ(fake.ask("here", "hello", seconds(20)).value(), "here");
}

TEST(Conversation, a_child_over_its_memory_is_killed) {
  // The shell doubles a variable without end.
  Conversation fake =
      with("read x; a=xxxxxxxxxxxxxxxx; while :; do a=$a$a; done", {.max_memory_bytes = 32 << 20});
  const auto answer = fake.ask("{}", "load", seconds(20));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnsupported) << answer.error().message;
  EXPECT_NE(answer.error().message.find("the limit is 32 MiB"), std::string::npos);
}

}  // namespace
}  // namespace pare::host
