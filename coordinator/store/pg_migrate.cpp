#include "coordinator/store/pg_migrate.h"

#include <algorithm>
#include <pqxx/pqxx>

#include "coordinator/store/pg_errors.h"
#include "coordinator_store/sql_text.h"

namespace pare::coordinator {
namespace {

// The same in every coordinator; any other number would do.
constexpr const char* kLock = "SELECT pg_advisory_lock(5072617265)";

constexpr const char* kVersions =
    "SET client_min_messages = warning; "
    "CREATE TABLE IF NOT EXISTS schema_version ("
    "  number int PRIMARY KEY,"
    "  name text NOT NULL,"
    "  applied_at timestamptz NOT NULL DEFAULT now())";

void step_up(pqxx::connection& connection, const Migration& migration) {
  pqxx::work transaction(connection);
  transaction.exec(migration.up);
  transaction.exec_params("INSERT INTO schema_version (number, name) VALUES ($1, $2)",
                          migration.number, migration.name);
  transaction.commit();
}

void step_down(pqxx::connection& connection, const Migration& migration) {
  pqxx::work transaction(connection);
  transaction.exec(migration.down);
  transaction.exec_params("DELETE FROM schema_version WHERE number = $1", migration.number);
  transaction.commit();
}

int version_of(pqxx::connection& connection) {
  pqxx::nontransaction reader(connection);
  reader.exec(kVersions);
  return reader.exec1("SELECT coalesce(max(number), 0) FROM schema_version")[0].as<int>();
}

void lock(pqxx::connection& connection) {
  pqxx::nontransaction locker(connection);
  // A migration may rewrite a large table; another coordinator's is waited for as long.
  locker.exec("SET lock_timeout = '10min'; SET statement_timeout = '10min'");
  locker.exec(kLock);  // until the connection ends
}

bool has_table(pqxx::connection& connection, const std::string& name) {
  pqxx::nontransaction reader(connection);
  return !reader.exec1("SELECT to_regclass('" + name + "')")[0].is_null();
}

// REQUIRES: locked.
Result<int> walk(pqxx::connection& connection, int to) {
  const int from = version_of(connection);
  if (from > newest_schema()) return unknown_schema(from);
  for (const Migration& migration : kMigrations) {
    if (migration.number > from && migration.number <= to) step_up(connection, migration);
  }
  for (auto at = kMigrations.rbegin(); at != kMigrations.rend(); ++at) {
    if (at->number <= from && at->number > to) step_down(connection, *at);
  }
  return from;
}

}  // namespace

int newest_schema() noexcept {
  return kMigrations.back().number;
}

Result<int> migrate_to(const std::string& url, int number) {
  try {
    pqxx::connection connection(url);
    lock(connection);
    return walk(connection, number);
  } catch (const std::exception& thrown) {
    return classify(thrown).error;
  }
}

Result<int> migrate(const std::string& url) {
  return migrate_to(url, newest_schema());
}

Result<int> set_up(const std::string& url) {
  try {
    pqxx::connection connection(url);
    // Whoever leads holds the lock while it migrates, and is waited for elsewhere.
    if (!has_table(connection, "leader")) {
      lock(connection);
      if (!has_table(connection, "leader")) {
        const auto before = walk(connection, newest_schema());
        if (!before) return before.error();
      }
    }
    const int number = version_of(connection);
    if (number > newest_schema()) return unknown_schema(number);
    return number;
  } catch (const std::exception& thrown) {
    return classify(thrown).error;
  }
}

Error unknown_schema(int number) {
  return {ErrorCode::kUnsupported, "the database has schema " + std::to_string(number) +
                                       ", this program knows " + std::to_string(newest_schema())};
}

}  // namespace pare::coordinator
