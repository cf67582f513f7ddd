#include "coordinator/dispatch/leadership.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <future>

#include "coordinator/dispatch/holder.h"
#include "coordinator/store/memory_queue.h"

namespace pare::coordinator {
namespace {

using std::chrono::milliseconds;

// The name of a process that has ended.
std::string dead_holder() {
  std::array<int, 2> pipe{};
  EXPECT_EQ(::pipe(pipe.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string name = this_holder();
    (void)!::write(pipe[1], name.data(), name.size());
    ::_exit(0);
  }
  ::close(pipe[1]);
  std::array<char, 512> text{};
  const ssize_t size = ::read(pipe[0], text.data(), text.size());
  ::close(pipe[0]);
  ::waitpid(child, nullptr, 0);
  return std::string(text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
}

TEST(Holder, a_process_is_gone_when_it_ended_and_only_if_it_was_one_of_this_machine) {
  EXPECT_FALSE(is_gone(this_holder()));
  const std::string dead = dead_holder();
  EXPECT_TRUE(is_gone(dead)) << dead;
  std::string elsewhere = dead;
  elsewhere.replace(elsewhere.find("boot ") + 5, 8, "00000000");
  EXPECT_FALSE(is_gone(elsewhere)) << "it may live there";
  EXPECT_FALSE(is_gone(""));
  EXPECT_FALSE(is_gone("board-7"));
}

TEST(Leadership, the_dead_of_this_machine_are_not_waited_for_and_the_living_are) {
  const auto store = make_memory_queue();
  ASSERT_TRUE(try_to_lead(*store, dead_holder()));
  const auto second = try_to_lead(*store, this_holder());
  ASSERT_TRUE(second);
  EXPECT_EQ(second.value().term, 2);
  const auto third = try_to_lead(*store, "board-7");
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, ErrorCode::kConflict);
  EXPECT_NE(third.error().message.find(this_holder()), std::string::npos);
}

TEST(Leadership, the_lead_is_kept_as_long_as_it_lives_and_given_back_at_the_end) {
  std::atomic<std::int64_t> seconds = 0;
  const auto store = make_memory_queue(
      {milliseconds(6000), [&seconds] { return TimePoint(std::chrono::seconds(1000 + seconds)); }});
  ASSERT_TRUE(try_to_lead(*store, "one"));
  {
    const Leadership leads(
        *store, [](const std::string&) {}, milliseconds(1));
    for (int round = 0; round < 5; ++round) {
      seconds += 7;
      const auto expected = TimePoint(std::chrono::seconds(1000 + seconds)) + kLeadLength;
      while (store->leader().value()->until != expected) std::this_thread::yield();
      EXPECT_FALSE(try_to_lead(*store, "two"));
    }
  }
  EXPECT_TRUE(try_to_lead(*store, "two"));
}

}  // namespace
}  // namespace pare::coordinator
