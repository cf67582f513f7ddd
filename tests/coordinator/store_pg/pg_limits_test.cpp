// Nothing waits for ever: a database that stands still, a lock that nobody gives back, a pool in
// use; and what cannot be read hides nothing else.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include "coordinator/store/pg_store.h"
#include "tests/support/database_proxy.h"
#include "tests/support/one_by_one.h"
#include "tests/support/test_database.h"

namespace pare::coordinator {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

constexpr const char* kSession = "00000000-0000-0000-0000-00000000000a";

class PgLimitsTest : public testing::Test {
 protected:
  std::unique_ptr<Store> open(const std::string& url, int connections = 4) {
    auto opened = open_pg_store({url, connections, {}, [this](const std::string& line) {
                                   const std::scoped_lock lock(mutex_);
                                   log_.push_back(line);
                                 }});
    if (!opened) throw std::runtime_error(opened.error().message);
    return std::move(opened).value();
  }
  template <typename Condition>
  static bool within(seconds patience, Condition condition) {
    const auto deadline = Clock::now() + patience;
    while (!condition()) {
      if (Clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }
  long lines_with(const std::string& text) {
    const std::scoped_lock lock(mutex_);
    return std::ranges::count_if(
        log_, [&](const std::string& line) { return line.find(text) != std::string::npos; });
  }

  TestDatabase database_;
  std::mutex mutex_;
  std::vector<std::string> log_;
};

TEST_F(PgLimitsTest, a_database_that_stands_still_is_said_to_be_away_within_three_seconds) {
  DatabaseProxy proxy(database_);
  const auto store = open(proxy.url());
  ASSERT_TRUE(store->leader());
  EXPECT_EQ(store->health().state, StoreState::kOk);
  proxy.stall(true);
  const auto begin = Clock::now();
  EXPECT_TRUE(within(seconds(10), [&] { return store->health().state == StoreState::kAway; }));
  EXPECT_LT(Clock::now() - begin, seconds(3));
  EXPECT_FALSE(store->health().reason.empty());
  EXPECT_TRUE(store->health().since);
  proxy.stall(false);
  EXPECT_TRUE(within(seconds(10), [&] { return store->health().state == StoreState::kOk; }));
  EXPECT_TRUE(within(seconds(10), [&] { return store->leader().has_value(); }));
}

TEST_F(PgLimitsTest, a_call_under_way_ends_when_the_database_stands_still_and_later_ones_at_once) {
  DatabaseProxy proxy(database_);
  const auto store = open(proxy.url());
  ASSERT_TRUE(store->leader());
  proxy.stall(true);
  const auto begin = Clock::now();
  const auto first = store->workers();
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().code, ErrorCode::kUnavailable);
  EXPECT_LT(Clock::now() - begin, seconds(12));
  ASSERT_TRUE(within(seconds(10), [&] { return lines_with("is away") == 1; }));
  const auto second_begin = Clock::now();
  EXPECT_FALSE(store->workers());
  EXPECT_LT(Clock::now() - second_begin, seconds(1));
  proxy.stall(false);
  EXPECT_TRUE(within(seconds(15), [&] { return store->workers().has_value(); }));
}

TEST_F(PgLimitsTest,
       an_outage_is_logged_once_when_it_begins_and_once_with_its_length_when_it_ends) {
  const auto store = open(database_.url());
  ASSERT_TRUE(store->leader());
  database_.refuse_connections(true);
  ASSERT_TRUE(within(seconds(10), [&] { return store->health().state == StoreState::kAway; }));
  ASSERT_TRUE(within(seconds(10), [&] { return lines_with("is away") == 1; }));
  database_.refuse_connections(false);
  ASSERT_TRUE(within(seconds(10), [&] { return lines_with("is back after") == 1; }));
  EXPECT_EQ(store->health().state, StoreState::kOk);
  EXPECT_EQ(lines_with("is away"), 1);
}

TEST_F(PgLimitsTest, a_lock_that_nobody_gives_back_is_waited_for_a_few_seconds_only) {
  const auto store = open(database_.url());
  NewTask inspect;
  inspect.document_json = "{}";
  ASSERT_TRUE(store->add_model({"net", std::string(64, 'a'), ""}, inspect));
  pqxx::connection other(database_.url());
  pqxx::work holder(other);
  holder.exec("LOCK TABLE model");
  const auto begin = Clock::now();
  const auto refused = store->add_model({"other", std::string(64, 'b'), ""}, inspect);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(refused.error().message.find("lock"), std::string::npos) << refused.error().message;
  EXPECT_LT(Clock::now() - begin, seconds(15));
}

TEST_F(PgLimitsTest, a_connection_of_a_pool_in_use_is_waited_for_a_few_seconds_only) {
  const auto store = open(database_.url(), 1);
  NewTask inspect;
  inspect.document_json = "{}";
  pqxx::connection other(database_.url());
  pqxx::work holder(other);
  holder.exec("LOCK TABLE model");
  std::thread waiting([&] {
    EXPECT_FALSE(store->add_model({"net", std::string(64, 'a'), ""}, inspect));
  });
  ASSERT_TRUE(within(seconds(10), [&] {
    return database_.ask(
               "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
               " AND datname = current_database()") != "0";
  }));
  const auto begin = Clock::now();
  const auto refused = store->leader();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(refused.error().message.find("connections are in use"), std::string::npos);
  EXPECT_LT(Clock::now() - begin, seconds(6));
  waiting.join();
}

TEST_F(PgLimitsTest, a_task_queued_by_anybody_rings_the_bell) {
  const auto store = open(database_.url());
  std::atomic<int> rung = 0;
  store->when_tasks_are_queued([&] { ++rung; });
  const auto other = open(database_.url());
  NewTask task;
  task.document_json = "{}";
  // The first tasks may come before the monitor listens.
  EXPECT_TRUE(within(seconds(10), [&] {
    EXPECT_TRUE(queue_one(*other, task));
    return rung > 0;
  }));
  store->when_tasks_are_queued({});
}

TEST_F(PgLimitsTest, a_row_that_cannot_be_read_says_why_and_the_others_are_read) {
  const auto store = open(database_.url());
  const WorkerProfile profile{"w", "one", "{}", {}, {{"ort", "1", {"fp32"}}}};
  ASSERT_TRUE(store->greet(kSession, profile));
  NewTask task;
  task.kind = TaskKind::kBuild;
  task.document_json = "{}";
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(queue_one(*store, task));
    const auto lease = claim_one(*store, kSession).value();
    ASSERT_TRUE(store->report({lease->task, lease->attempt, true, false, "", "{}"}));
  }
  database_.run("UPDATE task SET kind = 'of_tomorrow' WHERE id = 1");
  const auto unhandled = store->unhandled_tasks(10);
  ASSERT_TRUE(unhandled) << unhandled.error().message;
  ASSERT_EQ(unhandled.value().size(), 2U);
  const std::string why =
      "task 1 cannot be read: its kind \"of_tomorrow\" is not known to this version";
  EXPECT_EQ(unhandled.value()[0].unreadable, why);
  EXPECT_EQ(unhandled.value()[0].outcome_json, "{}");
  EXPECT_EQ(unhandled.value()[1].unreadable, "");
  EXPECT_EQ(unhandled.value()[1].task.kind, TaskKind::kBuild);
  EXPECT_EQ(store->tasks({}, {0, 10}).value().size(), 2U);
  const auto one = store->task(TaskId{1});
  ASSERT_FALSE(one);
  EXPECT_EQ(one.error().code, ErrorCode::kInternal);
  EXPECT_EQ(one.error().message, why);

  database_.run("UPDATE worker SET runtimes = '{\"not\": \"a list\"}'");
  const std::string other = "00000000-0000-0000-0000-00000000000b";
  ASSERT_TRUE(store->greet(other, profile));
  const auto workers = store->workers();
  ASSERT_TRUE(workers) << workers.error().message;
  ASSERT_EQ(workers.value().size(), 1U);
  EXPECT_EQ(workers.value()[0].session, other);
}

}  // namespace
}  // namespace pare::coordinator
