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

Result<int> walk(pqxx::connection& connection, int to) {
  lock(connection);
  const int from = version_of(connection);
  if (from > newest_schema()) {
    return Error{ErrorCode::kUnsupported, "the database has schema " + std::to_string(from) +
                                              ", this program knows " +
                                              std::to_string(newest_schema())};
  }
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
    return walk(connection, number);
  } catch (const std::exception& thrown) {
    return classify(thrown).error;
  }
}

Result<int> migrate(const std::string& url) {
  return migrate_to(url, newest_schema());
}

}  // namespace pare::coordinator
