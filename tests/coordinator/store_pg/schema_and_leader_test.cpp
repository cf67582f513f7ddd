// Who may change the schema of a database that several coordinators share: whoever leads, and
// nobody else.
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "coordinator/store/pg_migrate.h"
#include "coordinator/store/pg_store.h"
#include "tests/support/test_database.h"

namespace pare::coordinator {
namespace {

using std::chrono::seconds;

constexpr seconds kLength{8};

class SchemaAndLeader : public testing::Test {
 protected:
  std::unique_ptr<Store> open() {
    auto opened = open_pg_store({database_.url(), 4, {}, [this](const std::string& line) {
                                   const std::scoped_lock lock(mutex_);
                                   log_ += line + "\n";
                                 }});
    if (!opened) throw std::runtime_error(opened.error().message);
    return std::move(opened).value();
  }

  // As if the coordinators that opened it were of the version before.
  void be_of_the_version_before() {
    const auto from = migrate_to(database_.url(), before());
    ASSERT_TRUE(from) << from.error().message;
  }

  static int before() { return newest_schema() - 1; }
  int schema() const { return std::stoi(database_.ask("SELECT max(number) FROM schema_version")); }

  TestDatabase database_;
  std::mutex mutex_;
  std::string log_;
};

TEST_F(SchemaAndLeader, a_newer_coordinator_changes_the_schema_when_it_leads_and_not_before) {
  const auto older = open();
  ASSERT_TRUE(older->lead("the older one", kLength, std::nullopt));
  be_of_the_version_before();

  const auto newer = open();
  EXPECT_EQ(schema(), before());
  const auto waits = newer->lead("the newer one", kLength, std::nullopt);
  ASSERT_FALSE(waits);
  EXPECT_EQ(waits.error().code, ErrorCode::kConflict);
  EXPECT_EQ(waits.error().message,
            "another coordinator leads: the older one; the database goes from schema " +
                std::to_string(before()) + " to " + std::to_string(newest_schema()) +
                " when this one does");
  EXPECT_EQ(newer->leader().value()->holder, "the older one");
  EXPECT_EQ(schema(), before());
  EXPECT_TRUE(older->stay_leader(kLength));

  ASSERT_TRUE(older->resign());
  const auto leads = newer->lead("the newer one", kLength, std::nullopt);
  ASSERT_TRUE(leads) << leads.error().message;
  EXPECT_EQ(schema(), newest_schema());
  EXPECT_TRUE(newer->workers());
  EXPECT_TRUE(newer->jobs({0, 10}));
  EXPECT_EQ(newer->health().state, StoreState::kOk);
  EXPECT_EQ(older->stay_leader(kLength).error().code, ErrorCode::kConflict);
  const std::scoped_lock lock(mutex_);
  EXPECT_NE(log_.find("the database goes from schema " + std::to_string(before()) + " to " +
                      std::to_string(newest_schema()) + " now"),
            std::string::npos)
      << log_;
}

TEST_F(SchemaAndLeader, a_lead_that_is_over_is_taken_before_the_schema_is_changed) {
  const auto older = open();
  ASSERT_TRUE(older->lead("the older one", kLength, std::nullopt));
  be_of_the_version_before();
  database_.run("UPDATE leader SET until = now() - interval '1 second'");
  const auto newer = open();
  EXPECT_EQ(schema(), before()) << "it may have slept, and lead on";
  ASSERT_TRUE(newer->lead("the newer one", kLength, std::nullopt));
  EXPECT_EQ(schema(), newest_schema());
}

TEST_F(SchemaAndLeader, an_older_coordinator_that_waits_does_not_lead_a_newer_schema) {
  const auto newer = open();
  const auto older = open();
  ASSERT_TRUE(newer->lead("the newer one", kLength, std::nullopt));
  database_.run("INSERT INTO schema_version (number, name) VALUES (" +
                std::to_string(newest_schema() + 1) + ", 'tomorrow')");
  database_.run("UPDATE leader SET until = now() - interval '1 second'");
  const auto refused = older->lead("the older one", kLength, std::nullopt);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(database_.ask("SELECT holder FROM leader"), "the newer one");
  EXPECT_EQ(open_pg_store({database_.url(), 4, {}}).error().code, ErrorCode::kUnsupported);
}

TEST_F(SchemaAndLeader, the_lead_is_kept_for_as_long_as_the_schema_takes_to_change) {
  { const auto first = open(); }
  be_of_the_version_before();
  const auto newer = open();
  pqxx::connection other(database_.url());
  pqxx::nontransaction holder(other);
  holder.exec("SELECT pg_advisory_lock(5072617265)");  // another's migration is waited for
  auto leads = std::async(std::launch::async, [&] {
    return newer->lead("the newer one", std::chrono::milliseconds(400), std::nullopt);
  });
  std::vector<std::string> until;
  const auto deadline = std::chrono::steady_clock::now() + seconds(30);
  while (until.size() < 5 && std::chrono::steady_clock::now() < deadline) {
    const std::string now = database_.ask("SELECT coalesce(max(until)::text, '') FROM leader");
    if (!now.empty() && (until.empty() || until.back() != now)) until.push_back(now);
  }
  EXPECT_EQ(until.size(), 5U) << "it was extended four times and more";
  EXPECT_EQ(schema(), before());
  holder.exec("SELECT pg_advisory_unlock(5072617265)");
  const auto led = leads.get();
  ASSERT_TRUE(led) << led.error().message;
  EXPECT_EQ(schema(), newest_schema());
}

TEST_F(SchemaAndLeader, a_database_from_before_there_were_leaders_is_changed_at_once) {
  ASSERT_TRUE(migrate_to(database_.url(), 6));
  const auto store = open();
  EXPECT_EQ(schema(), newest_schema());
  EXPECT_TRUE(store->workers());
}

}  // namespace
}  // namespace pare::coordinator
