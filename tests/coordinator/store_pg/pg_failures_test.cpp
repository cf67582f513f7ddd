// What only the real store can suffer: connections that die, transactions that are cut off, and
// others who write past it.
#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

#include "coordinator/store/pg_store.h"
#include "tests/support/one_by_one.h"
#include "tests/support/test_database.h"

namespace pare::coordinator {
namespace {

constexpr const char* kSession = "00000000-0000-0000-0000-00000000000a";

class PgFailures : public testing::Test {
 protected:
  PgFailures() : store_(open()) {}

  std::unique_ptr<Store> open() {
    auto opened = open_pg_store({database_.url(), 4, {}});
    if (!opened) throw std::runtime_error(opened.error().message);
    return std::move(opened).value();
  }
  JobId add_job() {
    NewTask inspect;
    inspect.document_json = "{}";
    EXPECT_TRUE(store_->add_model({"net", std::string(64, 'a'), ""}, inspect));
    EXPECT_TRUE(store_->add_dataset({"photos", std::string(64, 'd')}, inspect));
    Target target;
    target.name = "x86";
    target.runtime = "ort";
    EXPECT_TRUE(store_->add_target(target));
    const auto job = store_->add_job({"{}", std::string(64, 'a'), std::string(64, 'd'), {"x86"}, 1},
                                     std::nullopt);
    return job.value().value.id;
  }
  void kill_connections(const std::string& which) {
    database_.run(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND " +
        which);
  }
  // Waits until the store waits for a lock: its transaction is in the middle then.
  void wait_for_a_waiter() {
    while (database_.ask("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                         " AND datname = current_database()") == "0") {
      std::this_thread::yield();
    }
  }

  TestDatabase database_;
  std::unique_ptr<Store> store_;
};

TEST_F(PgFailures, a_connection_that_died_while_idle_is_replaced_unnoticed) {
  const JobId job = add_job();
  kill_connections("true");
  EXPECT_TRUE(store_->leader());
  kill_connections("true");
  EXPECT_TRUE(store_->commit({{}, {SearchLogged{job, SearchStep::kAsk, "{}"}}}));
  EXPECT_EQ(database_.ask("SELECT count(*) FROM search_log"), "1");
}

TEST_F(PgFailures, a_transaction_that_is_cut_off_in_the_middle_is_made_once) {
  const JobId job = add_job();
  pqxx::connection other(database_.url());
  pqxx::work holder(other);
  holder.exec("SELECT FROM job FOR UPDATE");
  std::size_t made = 0;
  std::thread committing([&] {
    NewTask task;
    task.document_json = "{}";
    const auto done =
        store_->commit({{}, {TaskAdded{task}, SearchLogged{job, SearchStep::kAsk, "{}"}}});
    made = done ? done.value() : 0;
  });
  wait_for_a_waiter();
  kill_connections("wait_event_type = 'Lock'");
  holder.abort();
  committing.join();
  EXPECT_EQ(made, 2U);
  EXPECT_EQ(database_.ask("SELECT count(*) FROM search_log"), "1");
  EXPECT_EQ(database_.ask("SELECT count(*) FROM task WHERE kind = 'inspect_model'"), "3")
      << "two of the registrations, one of the batch";
}

TEST_F(PgFailures, a_database_that_is_gone_is_unavailable_until_it_is_back) {
  database_.refuse_connections(true);
  const auto away = store_->leader();
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, ErrorCode::kUnavailable);
  database_.refuse_connections(false);
  EXPECT_TRUE(store_->leader());
}

TEST_F(PgFailures, nobody_can_store_two_tasks_on_an_exclusive_device_past_the_store) {
  WorkerProfile profile{"w", "one", "{}", {}, {}};
  ASSERT_TRUE(store_->greet(kSession, profile));
  NewTask task;
  task.document_json = "{}";
  for (const TaskKind kind : {TaskKind::kBenchmark, TaskKind::kBenchmark, TaskKind::kBuild}) {
    task.kind = kind;
    ASSERT_TRUE(queue_one(*store_, task));
  }
  const std::string lease = "UPDATE task SET state = 'leased', attempt = 1, leased_by = '" +
                            std::string(kSession) +
                            "', device_id = 'one', lease_until = now() WHERE id = ";
  database_.run(lease + "1");
  EXPECT_THROW(database_.run(lease + "2"), pqxx::unique_violation);
  EXPECT_THROW(database_.run(lease + "3"), pqxx::sql_error);
  EXPECT_EQ(database_.ask("SELECT count(*) FROM task WHERE state = 'leased'"), "1");
}

TEST_F(PgFailures, two_coordinators_may_open_a_fresh_database_at_once) {
  const TestDatabase fresh;
  std::array<bool, 4> opened{};
  std::vector<std::thread> threads;
  for (bool& result : opened) {
    threads.emplace_back([&] { result = open_pg_store({fresh.url(), 2, {}}).has_value(); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const bool result : opened) EXPECT_TRUE(result);
}

TEST_F(PgFailures, a_coordinator_that_slept_through_its_lease_changes_nothing) {
  const JobId job = add_job();
  ASSERT_TRUE(store_->lead("one", std::chrono::seconds(8), std::nullopt));
  WorkerProfile profile{"w", "one", "{}", {}, {}};
  ASSERT_TRUE(store_->greet(kSession, profile));
  const auto lease = claim_one(*store_, kSession);
  ASSERT_TRUE(lease && lease.value());
  database_.run("UPDATE leader SET until = now() - interval '1 second'");
  EXPECT_TRUE(store_->expire_leases()) << "nobody else leads";
  const auto second = open();
  ASSERT_TRUE(second->lead("two", std::chrono::seconds(8), std::nullopt));
  const auto refused = store_->commit({{}, {SearchLogged{job, SearchStep::kAsk, "{}"}}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(refused.error().message.find("term 1 is over"), std::string::npos);
  EXPECT_FALSE(claim_one(*store_, kSession));
  EXPECT_FALSE(beat_one(*store_, kSession, {}));
  EXPECT_FALSE(store_->report({lease.value()->task, 1, true, false, "", "{}"}));
  EXPECT_FALSE(store_->expire_leases());
  EXPECT_FALSE(store_->renew_all_leases());
  EXPECT_FALSE(store_->retire(kSession));
  EXPECT_EQ(store_->stay_leader(std::chrono::seconds(8)).error().code, ErrorCode::kConflict);
  EXPECT_TRUE(store_->jobs({})) << "reading is allowed to anybody";
  EXPECT_TRUE(second->commit({{}, {SearchLogged{job, SearchStep::kAsk, "{}"}}}));
  EXPECT_EQ(database_.ask("SELECT count(*) FROM search_log"), "1");
}

TEST_F(PgFailures, the_events_tell_what_happened_in_order_and_a_wait_says_why) {
  const JobId job = add_job();
  ASSERT_TRUE(store_->commit(
      {{},
       {JobMoved{job, JobState::kPreparing, ""}, JobPrepared{job, std::string(64, '5'), "{}"},
        JobMoved{job, JobState::kSearching, ""}}}));
  ASSERT_TRUE(store_->cancel_job(job));
  EXPECT_EQ(database_.ask("SELECT string_agg(kind, ' ' ORDER BY id) FROM event WHERE job_id = " +
                          std::to_string(job.value)),
            "job.queued job.preparing job.searching job.cancelled");
  WorkerProfile profile{"w", "one", "{}", {}, {}};
  ASSERT_TRUE(store_->greet(kSession, profile));
  const auto lease = claim_one(*store_, kSession).value();
  ASSERT_TRUE(lease);
  AttemptReport report{lease->task, lease->attempt, false, false, "no room", ""};
  report.waits = true;
  ASSERT_TRUE(store_->report(report));
  EXPECT_EQ(database_.ask("SELECT kind || ' ' || (body ->> 'reason') FROM event"
                          " ORDER BY id DESC LIMIT 1"),
            "task.waits no room");
}

TEST_F(PgFailures, every_attempt_that_ended_is_noted_with_how) {
  WorkerProfile profile{"w", "one", "{}", {}, {}};
  NewTask task;
  task.kind = TaskKind::kBuild;
  task.document_json = "{}";
  ASSERT_TRUE(queue_one(*store_, task));
  ASSERT_TRUE(store_->greet(kSession, profile));
  ASSERT_TRUE(claim_one(*store_, kSession).value());
  ASSERT_TRUE(store_->retire(kSession));
  ASSERT_TRUE(store_->greet(kSession, profile));
  const auto lease = claim_one(*store_, kSession).value();
  ASSERT_TRUE(store_->report({lease->task, lease->attempt, true, false, "", "{}"}));
  EXPECT_EQ(database_.ask("SELECT string_agg(attempt || ' ' || ending, ', ' ORDER BY attempt)"
                          " FROM task_attempt"),
            "1 lost, 2 reported");
}

}  // namespace
}  // namespace pare::coordinator
