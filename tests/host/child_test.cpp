#include "host/child.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace pare::host {
namespace {

constexpr int kDeadlineMs = 20'000;

ChildOptions shell(const std::string& script) {
  return {.command = {"/bin/sh", "-c", script}};
}

bool readable(int fd) {
  pollfd wait{fd, POLLIN, 0};
  return ::poll(&wait, 1, kDeadlineMs) == 1;
}

ExitStatus ended(Child& child) {
  EXPECT_TRUE(readable(child.ended()));
  return child.poll().value();
}

std::string all_output(Child& child) {
  std::string text;
  char block[256];
  while (readable(child.output())) {
    const ssize_t got = ::read(child.output(), block, sizeof block);
    if (got <= 0) return text;
    text.append(block, static_cast<std::size_t>(got));
  }
  return text + "(and no end of it)";
}

TEST(Child, tells_how_it_ended) {
  auto child = Child::start(shell("exit 3"));
  ASSERT_TRUE(child) << child.error().message;
  Child running = std::move(child).value();
  EXPECT_EQ(ended(running), (ExitStatus{.code = 3, .signal = 0}));
  auto crashing = Child::start(shell("kill -SEGV $$"));
  Child crashed = std::move(crashing).value();
  EXPECT_EQ(describe(ended(crashed)), "signal 11 (Segmentation fault)");
}

TEST(Child, that_is_no_program_is_an_error_with_its_name) {
  const auto child = Child::start({.command = {"/nonexistent/harness"}});
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(child.error().message, "cannot start /nonexistent/harness: No such file or directory");
}

TEST(Child, inherits_nothing_but_its_three_files) {
  int leak[2];
  ASSERT_EQ(::pipe(leak), 0);
  auto started = Child::start(shell("ls /proc/self/fd | wc -l"));
  Child child = std::move(started).value();
  EXPECT_EQ(std::stoi(all_output(child)), 4);  // and the one that ls reads the folder with
  ::close(leak[0]);
  ::close(leak[1]);
}

TEST(Child, runs_on_the_cores_it_was_given_only) {
  ChildOptions options = shell("grep Cpus_allowed_list /proc/self/status");
  options.cores = {0};
  auto started = Child::start(options);
  ASSERT_TRUE(started) << started.error().message;
  Child child = std::move(started).value();
  EXPECT_EQ(all_output(child), "Cpus_allowed_list:\t0\n");
}

TEST(Child, killing_a_group_ends_what_the_child_started) {
  ChildOptions options = shell("sleep 1000 & echo $!; wait");
  options.own_group = true;
  auto started = Child::start(options);
  Child child = std::move(started).value();
  ASSERT_TRUE(readable(child.output()));
  char text[32] = {};
  ASSERT_GT(::read(child.output(), text, sizeof text - 1), 0);
  const pid_t grandchild = std::stoi(text);
  ASSERT_EQ(::kill(grandchild, 0), 0);
  child.kill();
  // Its stdout was the grandchild's, too: the end of the file is the end of both.
  EXPECT_EQ(all_output(child), "");
}

TEST(Child, a_group_is_gone_when_its_leader_ends_by_itself) {
  ChildOptions options = shell("sleep 1000 & exit 0");
  options.own_group = true;
  auto started = Child::start(options);
  Child child = std::move(started).value();
  EXPECT_EQ(ended(child).code, 0);
  EXPECT_EQ(all_output(child), "");
}

TEST(Child, cannot_write_a_file_over_the_limit) {
  ChildOptions options = shell("f=$(mktemp); head -c 100000 /dev/zero > $f; wc -c < $f; rm $f");
  options.max_file_bytes = 1000;
  auto started = Child::start(options);
  Child child = std::move(started).value();
  EXPECT_EQ(all_output(child), "1000\n");
}

TEST(Child, dies_with_its_parent) {
  int report[2];
  ASSERT_EQ(::pipe(report), 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    auto started = Child::start(shell("sleep 1000"));
    Child child = std::move(started).value();
    const pid_t sent = child.pid();
    (void)!::write(report[1], &sent, sizeof sent);
    ::kill(::getpid(), SIGKILL);
  }
  pid_t child = 0;
  ASSERT_EQ(::read(report[0], &child, sizeof child), static_cast<ssize_t>(sizeof child));
  ASSERT_EQ(::waitpid(parent, nullptr, 0), parent);
  const int pidfd = static_cast<int>(::syscall(434, child, 0));  // pidfd_open
  if (pidfd >= 0) {
    EXPECT_TRUE(readable(pidfd));
    ::close(pidfd);
  } else {
    EXPECT_EQ(errno, ESRCH);  // gone already
  }
}

TEST(Child, tells_how_it_ended_where_a_parent_had_ignored_the_ends_of_children) {
  struct sigaction before {};
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ASSERT_EQ(::sigaction(SIGCHLD, &ignore, &before), 0);
  auto started = Child::start(shell("exit 3"));
  Child child = std::move(started).value();
  EXPECT_EQ(ended(child).code, 3);
  ::sigaction(SIGCHLD, &before, nullptr);
}

TEST(Child, that_somebody_else_reaped_has_ended_all_the_same) {
  auto started = Child::start(shell("exit 0"));
  Child child = std::move(started).value();
  ASSERT_EQ(::waitpid(child.pid(), nullptr, 0), child.pid());
  EXPECT_EQ(child.kill().code, 255);
}

TEST(Child, that_is_stopped_says_so_with_what_it_started_and_uses_no_processor) {
  ChildOptions options = shell("while :; do :; done & while :; do :; done");
  options.own_group = true;
  auto started = Child::start(options);
  Child child = std::move(started).value();
  while (child.tree().cpu_ticks == 0) ::sched_yield();
  EXPECT_EQ(child.tree().stopped, 0);
  ::kill(-child.pid(), SIGSTOP);
  while (child.tree().stopped < 2) ::sched_yield();
  const ChildTree tree = child.tree();
  EXPECT_EQ(tree.processes, 2);
  EXPECT_EQ(child.tree().cpu_ticks, tree.cpu_ticks);
}

TEST(Child, stands_still_with_what_it_started_and_goes_on_where_it_was) {
  // Three generations that count as fast as they can.
  const std::string busy = "i=0; while :; do i=$((i+1)); done";
  auto started =
      Child::start(shell("sh -c 'sh -c \"" + busy + "\" & " + busy + "' & echo up; " + busy));
  ASSERT_TRUE(started);
  Child child = std::move(started).value();
  ASSERT_TRUE(readable(child.output()));
  while (child.tree().processes < 3) ::poll(nullptr, 0, 1);
  ASSERT_TRUE(child.stand_still());
  const ChildTree still = child.tree();
  EXPECT_EQ(still.processes, 3);
  EXPECT_EQ(still.stopped, 3);
  ::poll(nullptr, 0, 100);
  EXPECT_EQ(child.tree().cpu_ticks, still.cpu_ticks);
  child.go_on();
  while (child.tree().cpu_ticks < still.cpu_ticks + 3) ::poll(nullptr, 0, 1);
  EXPECT_EQ(child.tree().stopped, 0);
  ASSERT_TRUE(child.stand_still());
  EXPECT_EQ(child.kill().signal, SIGKILL);
}

// A shell that starts a program waits in the kernel until that has begun, and a stop may come in
// between: then it waits for a child that stands still.
TEST(Child, stands_still_at_whatever_moment_it_starts_another) {
  auto started = Child::start(shell("while :; do /bin/true; done"));
  ASSERT_TRUE(started);
  Child child = std::move(started).value();
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(child.stand_still()) << "the " << i + 1 << ". time";
    const std::int64_t ticks = child.tree().cpu_ticks;
    ::sched_yield();
    EXPECT_EQ(child.tree().cpu_ticks, ticks);
    child.go_on();
    ::sched_yield();
  }
  EXPECT_EQ(child.kill().signal, SIGKILL);
}

TEST(Child, reports_memory_of_what_it_started_and_of_what_that_started) {
  // 64 MiB in the grandchild's child, none to speak of in the shells.
  auto started =
      Child::start(shell("sh -c 'head -c 67108864 /dev/zero | sort > /dev/null; :' & wait; :"));
  Child child = std::move(started).value();
  std::int64_t most = 0;
  for (pollfd wait{child.ended(), POLLIN, 0}; ::poll(&wait, 1, 1) == 0;) {
    most = std::max(most, child.tree().memory_bytes);
  }
  EXPECT_GT(most, std::int64_t{32} << 20);
}

}  // namespace
}  // namespace pare::host
