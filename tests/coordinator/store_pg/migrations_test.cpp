// The migrations, up and down, against the schema that is committed.  After a change of the
// migrations PARE_WRITE_SCHEMA=1 has this test write sql/schema.sql.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "coordinator/store/pg_migrate.h"
#include "tests/support/test_database.h"

namespace pare::coordinator {
namespace {

// The schema without what differs from one run or one version of pg_dump to the next.
std::string dump(const TestDatabase& database) {
  const std::string command =
      "pg_dump --schema-only --no-owner --no-privileges --no-comments --dbname=\"" +
      database.url() + "\"";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string schema;
  std::array<char, 4096> line{};
  while (std::fgets(line.data(), line.size(), pipe.get()) != nullptr) {
    const std::string text = line.data();
    if (text.starts_with("--") || text.starts_with("\\") || text == "\n") continue;
    if (text.starts_with("SET ") || text.starts_with("SELECT pg_catalog.set_config")) continue;
    schema += text;
  }
  return schema;
}

// The lines of a dump in an order of their own: a column that was dropped comes back as the last of
// its table, and its place says nothing.
std::vector<std::string> lines_of(const std::string& dump) {
  std::vector<std::string> lines;
  std::istringstream text(dump);
  for (std::string line; std::getline(text, line);) {
    if (line.ends_with(',')) line.pop_back();
    lines.push_back(std::move(line));
  }
  std::ranges::sort(lines);
  return lines;
}

TEST(Migrations, all_of_them_make_the_schema_that_is_committed) {
  const TestDatabase database;
  ASSERT_EQ(migrate(database.url()).value(), 0);
  const std::string schema = dump(database);
  ASSERT_FALSE(schema.empty()) << "pg_dump failed";
  if (std::getenv("PARE_WRITE_SCHEMA") != nullptr) {
    std::ofstream("sql/schema.sql")
        << "-- What sql/migrations make.  Written and checked by tests/coordinator/store_pg.\n"
        << schema;
  }
  std::ifstream file("sql/schema.sql");
  std::string heading;
  std::getline(file, heading);
  std::stringstream committed;
  committed << file.rdbuf();
  EXPECT_EQ(schema, committed.str());
}

constexpr int kFloats = 15;  // changes rows, and no table

TEST(Migrations, a_target_that_took_every_precision_takes_those_that_came) {
  const TestDatabase database;
  ASSERT_TRUE(migrate_to(database.url(), kFloats - 1));
  database.run(
      "INSERT INTO target (name, runtime, pool, threads, precisions, created_at) VALUES"
      " ('any', 'r', 'p', 1, '{fp32,int8}', now()), ('exact', 'r', 'p', 1, '{fp32}', now())");
  const auto precisions = [&](const std::string& name) {
    return database.ask("SELECT array_to_string(precisions, ' ') FROM target WHERE name = '" +
                        name + "'");
  };
  ASSERT_TRUE(migrate(database.url()));
  EXPECT_EQ(precisions("any"), "fp32 int8 fp16 bf16");
  EXPECT_EQ(precisions("exact"), "fp32");
  ASSERT_TRUE(migrate_to(database.url(), kFloats - 1));
  EXPECT_EQ(precisions("any"), "fp32 int8");
}

TEST(Migrations, each_step_can_be_taken_back_and_taken_again) {
  const TestDatabase database;
  ASSERT_TRUE(migrate(database.url()));
  for (int step = newest_schema(); step > 0;) {
    const std::string before = dump(database);
    ASSERT_EQ(migrate_to(database.url(), step - 1).value(), step);
    if (step != kFloats) {
      ASSERT_NE(lines_of(dump(database)), lines_of(before));
    }
    const int below = migrate_to(database.url(), step).value();
    ASSERT_LT(below, step);
    EXPECT_EQ(lines_of(dump(database)), lines_of(before)) << "step " << step;
    ASSERT_TRUE(migrate_to(database.url(), below));
    step = below;
  }
  EXPECT_EQ(database.ask("SELECT string_agg(tablename, ' ') FROM pg_tables"
                         " WHERE schemaname = 'public'"),
            "schema_version");
}

TEST(Migrations, applying_them_again_changes_nothing) {
  const TestDatabase database;
  ASSERT_TRUE(migrate(database.url()));
  EXPECT_EQ(migrate(database.url()).value(), newest_schema());
}

TEST(Migrations, a_database_of_a_newer_version_is_left_alone) {
  const TestDatabase database;
  ASSERT_TRUE(migrate(database.url()));
  database.run("INSERT INTO schema_version (number, name) VALUES (9999, 'from the future')");
  const auto refused = migrate(database.url());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(refused.error().message.find("9999"), std::string::npos);
}

TEST(Migrations, a_database_that_cannot_be_reached_is_unavailable) {
  const auto refused = migrate("host=/nonexistent user=pare dbname=pare");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace pare::coordinator
