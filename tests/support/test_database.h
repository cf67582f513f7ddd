// A fresh, empty database for one test, dropped when the test ends.  Making one takes a good part
// of a second: suites of many small tests clear() one between them.
//
// The server is the private one that ctest starts for tests with LABEL db.  By hand: start one with
// tools/private_postgres.sh and name its folder in PARE_TEST_POSTGRES.  Without a server the test
// fails; it is never skipped.
#pragma once

#include <cstdlib>
#include <pqxx/pqxx>
#include <random>
#include <stdexcept>
#include <string>

namespace pare {

class TestDatabase {
 public:
  TestDatabase() {
    const char* folder = std::getenv("PARE_TEST_POSTGRES");
    if (folder == nullptr) {
      throw std::runtime_error("PARE_TEST_POSTGRES is not set: run this test through ctest");
    }
    socket_ = std::string(folder) + "/socket";
    name_ = "test_" + std::to_string(std::random_device{}());
    on_server("CREATE DATABASE " + name_);
  }
  ~TestDatabase() { on_server("DROP DATABASE " + name_ + " WITH (FORCE)"); }
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  // For libpq.
  std::string url() const { return "host='" + socket_ + "' user=pare dbname=" + name_; }

  // One value, asked past the store: what tests use as their oracle.
  std::string ask(const std::string& sql) const {
    pqxx::connection connection(url());
    pqxx::nontransaction reader(connection);
    return reader.exec1(sql)[0].as<std::string>();
  }

  void run(const std::string& sql) const {
    pqxx::connection connection(url());
    pqxx::nontransaction transaction(connection);
    transaction.exec(sql);
  }

  // As if the server were down: nobody is let in, and whoever is in is thrown out.
  void refuse_connections(bool refuse) const {
    on_server("ALTER DATABASE " + name_ + " ALLOW_CONNECTIONS " + (refuse ? "false" : "true"));
    on_server("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '" +
              name_ + "'");
  }

  // Empties every table but the one that says which migrations were applied.
  void clear() const {
    constexpr int kMostTries = 5;
    for (int tries = 1;; ++tries) {
      try {
        return truncate();
      } catch (const pqxx::deadlock_detected&) {
        // The server is still at a query of a store that was closed a moment ago.
        if (tries == kMostTries) throw;
      }
    }
  }

 private:
  void truncate() const {
    run("DO $$ DECLARE names text; BEGIN"
        " SELECT string_agg(format('%I', tablename), ', ') INTO names FROM pg_tables"
        "  WHERE schemaname = 'public' AND tablename <> 'schema_version';"
        " IF names IS NOT NULL THEN EXECUTE 'TRUNCATE ' || names || ' RESTART IDENTITY CASCADE';"
        " END IF; END $$");
  }
  void on_server(const std::string& sql) const {
    pqxx::connection connection("host='" + socket_ + "' user=pare dbname=postgres");
    pqxx::nontransaction transaction(connection);
    transaction.exec(sql);
  }

  std::string socket_;
  std::string name_;
};

}  // namespace pare
