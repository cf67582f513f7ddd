// What piles up for the store, and what becomes of it while the store is away.
#include "coordinator/dispatch/desk.h"

#include <gtest/gtest.h>

#include "coordinator/store/memory_queue.h"
#include "tests/support/flaky_tasks.h"
#include "tests/support/one_by_one.h"

namespace pare::coordinator {
namespace {

using std::chrono::milliseconds;

const std::string kAda = "00000000-0000-0000-0000-00000000000a";
const std::string kBen = "00000000-0000-0000-0000-00000000000b";
constexpr const char* kOutcome =
    R"({"ok": false, "code": "unsupported", "reason": "no", "seconds": 1})";

class DeskTest : public testing::Test {
 protected:
  DeskTest() : store_(make_memory_queue(options())), tasks_(*store_) {}

  StoreOptions options() {
    StoreOptions options;
    options.clock = [this] {
      return TimePoint(
          std::chrono::duration_cast<std::chrono::microseconds>(now_.time_since_epoch()));
    };
    return options;
  }
  TaskId queue(TaskKind kind = TaskKind::kBuild) {
    NewTask task;
    task.kind = kind;
    task.document_json = "{}";
    return queue_one(*store_, task).value();
  }
  Answers work(Work more = {}) { return desk_.work(std::move(more), now_); }
  void join(const std::string& session) {
    Work hello;
    hello.add(Greet{session, "r", {"w", "device of " + session, "{}", {}, {}}});
    ASSERT_EQ(work(std::move(hello)).greeted.size(), 1U);
  }
  Lease lease_to(const std::string& session) {
    Work asks;
    asks.add(Claim{session});
    const Answers answers = work(std::move(asks));
    return answers.claims->value().leases.at(session);
  }
  static Work beat(const std::string& session, std::vector<RunningTask> running) {
    Work said;
    said.add(std::vector{SessionBeat{session, std::move(running)}});
    return said;
  }
  static Work report(const std::string& session, const Lease& lease) {
    Work said;
    said.add(Record{session, {lease.task, lease.attempt, kOutcome}});
    return said;
  }

  Instant now_ = Instant(std::chrono::hours(1000));
  std::unique_ptr<MemoryQueue> store_;
  FlakyTasks tasks_;
  std::vector<std::string> log_;
  Desk desk_{tasks_, milliseconds(6000), [this](const std::string& line) { log_.push_back(line); }};
};

TEST_F(DeskTest, an_outage_of_a_minute_costs_those_who_kept_talking_nothing) {
  queue();
  queue();
  join(kAda);
  join(kBen);
  const Lease ada = lease_to(kAda);
  const Lease ben = lease_to(kBen);
  tasks_.away = true;
  for (int second = 0; second < 60; ++second) {
    now_ += milliseconds(1000);
    Work said = beat(kAda, {{ada.task, 1, 0.5, "on"}});
    said.add(std::vector{SessionBeat{kBen, {{ben.task, 1, 1.0, "reporting"}}}});
    if (second % 10 == 0) said.add(report(kBen, ben));
    EXPECT_TRUE(work(std::move(said)).away);
  }
  tasks_.away = false;
  now_ += milliseconds(250);
  const Answers back = work();
  EXPECT_FALSE(back.away);
  EXPECT_TRUE(back.seen.lost.empty());
  EXPECT_TRUE(back.seen.unknown.empty());
  ASSERT_EQ(back.recorded.size(), 1U) << "said six times, recorded once";
  EXPECT_EQ(back.recorded[0].second, ReportVerdict::kRecorded);
  EXPECT_EQ(store_->task(ada.task).value().state, TaskState::kLeased);
  EXPECT_EQ(store_->task(ada.task).value().message, "on");
  EXPECT_EQ(store_->task(ada.task).value().attempt, 1);
  EXPECT_EQ(store_->task(ben.task).value().reason, "no");
}

TEST_F(DeskTest, whoever_stays_silent_after_an_outage_is_lost_a_lease_later) {
  const TaskId task = queue();
  join(kAda);
  lease_to(kAda);
  tasks_.away = true;
  now_ += std::chrono::minutes(1);
  work();
  tasks_.away = false;
  work();
  EXPECT_EQ(store_->task(task).value().state, TaskState::kLeased);
  for (int second = 0; second < 7; ++second) {
    now_ += milliseconds(1000);
    work();
  }
  EXPECT_EQ(store_->task(task).value().state, TaskState::kQueued);
}

TEST_F(DeskTest, a_report_whose_commit_was_in_doubt_is_answered_as_recorded_before) {
  queue();
  join(kAda);
  const Lease lease = lease_to(kAda);
  tasks_.in_doubt = true;
  EXPECT_TRUE(work(report(kAda, lease)).recorded.empty());
  tasks_.in_doubt = false;
  tasks_.away = true;
  EXPECT_TRUE(work().recorded.empty());
  tasks_.away = false;
  const Answers answers = work();
  ASSERT_EQ(answers.recorded.size(), 1U);
  EXPECT_NE(answers.recorded[0].second, ReportVerdict::kStale);
  EXPECT_EQ(store_->task(lease.task).value().reason, "no");
}

TEST_F(DeskTest, what_a_session_wanted_before_it_went_is_void_and_what_it_wants_after_is_not) {
  Work work;
  work.add(Greet{kAda, "r1", {}});
  work.add(Claim{kAda});
  work.add(Retire{kAda, Departure::kGoodbye});
  EXPECT_TRUE(work.greets.empty());
  EXPECT_TRUE(work.claims.empty());
  work.add(Greet{kAda, "r2", {}});
  Work earlier;
  earlier.add(Greet{kAda, "r0", {}});
  earlier.add(std::move(work));
  EXPECT_EQ(earlier.retired.count(kAda), 1U);
  EXPECT_EQ(earlier.greets.at(kAda).route, "r2");
}

TEST_F(DeskTest, a_measurement_gets_its_device_from_what_steps_aside_in_a_few_seconds) {
  join(kAda);
  queue(TaskKind::kPrepare);
  const Lease prepare = lease_to(kAda);
  const TaskId benchmark = queue(TaskKind::kBenchmark);
  int suspension = 0;
  std::optional<Lease> measured;
  int seconds = 0;
  for (; seconds < 10 && !measured; ++seconds) {
    now_ += milliseconds(1000);
    Work said = beat(kAda, {{prepare.task, prepare.attempt, 0.5, "", suspension}});
    if (stands_still(suspension)) said.add(Claim{kAda});
    const Answers answers = work(std::move(said));
    for (const Wish& wish : answers.seen.wishes) suspension = wish.suspension;
    if (answers.claims && !answers.claims->value().leases.empty()) {
      measured = answers.claims->value().leases.at(kAda);
    }
  }
  ASSERT_TRUE(measured);
  EXPECT_EQ(measured->task, benchmark);
  EXPECT_LE(seconds, 4);
  work(report(kAda, *measured));
  for (int turn = 0; turn < 3; ++turn) {
    now_ += milliseconds(1000);
    const Answers answers =
        work(beat(kAda, {{prepare.task, prepare.attempt, 0.5, "", suspension}}));
    for (const Wish& wish : answers.seen.wishes) suspension = wish.suspension;
  }
  EXPECT_EQ(suspension, 2) << "it goes on";
}

TEST_F(DeskTest, an_idle_fleet_is_asked_about_nothing_and_costs_a_few_calls_a_second) {
  for (int i = 0; i < 9; ++i) join("00000000-0000-0000-0000-00000000000" + std::to_string(i));
  now_ += milliseconds(1000);
  work();
  const int before = tasks_.calls;
  for (int tick = 0; tick < 40; ++tick) {
    now_ += milliseconds(250);
    Work said;
    if (tick % 4 == 0) {
      for (int i = 0; i < 9; ++i) {
        const std::string session = "00000000-0000-0000-0000-00000000000" + std::to_string(i);
        said.add(std::vector{SessionBeat{session, {}}});
      }
    }
    work(std::move(said));
  }
  EXPECT_LE(tasks_.calls - before, 20) << "in ten seconds: two a second, for all of them";
  const auto workers = store_->workers();
  ASSERT_TRUE(workers);
  for (const Worker& worker : workers.value()) {
    EXPECT_EQ(worker.state, WorkerState::kIdle) << worker.session;
  }
}

TEST_F(DeskTest, a_failure_that_is_no_want_of_the_store_is_told_to_the_one_it_concerns) {
  Work said;
  said.add(Record{kAda, {TaskId{99}, 1, kOutcome}});
  const Answers answers = work(std::move(said));
  ASSERT_EQ(answers.recorded.size(), 1U);
  EXPECT_EQ(answers.recorded[0].second, ReportVerdict::kStale);
  EXPECT_FALSE(answers.away);
}

TEST_F(DeskTest, the_outcome_of_a_task_of_no_known_kind_is_kept) {
  queue();
  join(kAda);
  const Lease lease = lease_to(kAda);
  tasks_.of_tomorrow = true;
  const Answers answers = work(report(kAda, lease));
  ASSERT_EQ(answers.recorded.size(), 1U);
  EXPECT_EQ(answers.recorded[0].second, ReportVerdict::kRecorded);
  const Task task = store_->task(lease.task).value();
  EXPECT_EQ(task.state, TaskState::kFailed);
  EXPECT_EQ(task.reason, "a task of no known kind");
  EXPECT_EQ(task.outcome_json, kOutcome);
}

}  // namespace
}  // namespace pare::coordinator
