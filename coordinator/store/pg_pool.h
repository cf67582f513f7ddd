// Connections to PostgreSQL, and transactions on them.  Seen by the PostgreSQL store alone.
//
// run(body) is one transaction: it is committed if the body returns a value and rolled back if it
// returns an error or throws.  A deadlock or a connection that had died while it was idle is tried
// again; whatever else PostgreSQL says becomes an Error (pg_errors.h).  When the connection dies
// during COMMIT nobody knows what happened: that is kUnavailable, and every caller may repeat its
// call.
//
// Nothing waits for ever: not for a connection of the pool, not for a server that lets nobody in,
// not for a lock, and not for a server that stands still.  Thread-safe: a connection is used by one
// thread at a time.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "coordinator/store/pg_errors.h"
#include "coordinator/store/pg_watchdog.h"
#include "core/result.h"

namespace pare::coordinator {

struct PgLimits {
  std::chrono::milliseconds free_connection{3'000};  // of the pool
  std::chrono::milliseconds lock{5'000};
  std::chrono::milliseconds statement{20'000};
  // A whole transaction, whatever the server does; more than a statement may take, so that it is
  // PostgreSQL that says what was slow.
  std::chrono::milliseconds call{25'000};
  std::chrono::milliseconds connect{3'000};  // what is asked of a new connection before it is used
};

// A URL or a connection string of libpq with our limits where it sets none: for connecting, and for
// a peer that is gone without a word.  kInvalidArgument if it is neither.
Result<std::string> with_connection_limits(const std::string& url);

// A connection with its time limits set and every query of sql/ prepared.  Throws as pqxx does.
std::unique_ptr<pqxx::connection> connect(const std::string& conninfo, const PgLimits& limits,
                                          PgWatchdog& watchdog);

class PgPool {
 public:
  // REQUIRES: `conninfo` comes from with_connection_limits(); `watchdog` outlives the pool.
  PgPool(std::string conninfo, int connections, PgLimits limits, PgWatchdog& watchdog)
      : conninfo_(std::move(conninfo)),
        limits_(limits),
        watchdog_(watchdog),
        connections_(connections),
        unused_(connections) {}

  template <typename Body>
  auto run(Body body) -> decltype(body(std::declval<pqxx::work&>())) {
    const auto begin = PgWatchdog::Clock::now();
    for (int tries = 1;; ++tries) {
      Borrowed borrowed(*this);
      if (!borrowed.granted()) return refusal();
      try {
        pqxx::connection& connection = borrowed.connection();
        const PgWatchdog::Watch watch(watchdog_, connection.sock(), limits_.call);
        pqxx::work transaction(connection);
        auto result = body(transaction);
        if (result) transaction.commit();
        return result;
      } catch (const std::exception& thrown) {
        const PgFailure failure = classify(thrown);
        if (failure.broken) borrowed.discard();
        const bool late = PgWatchdog::Clock::now() - begin >= limits_.statement;
        if (!failure.again || late || tries == kMostTries) return noted(failure.error);
      }
    }
  }

  const std::string& conninfo() const noexcept { return conninfo_; }
  const PgLimits& limits() const noexcept { return limits_; }
  PgWatchdog& watchdog() noexcept { return watchdog_; }

  // While the server stands still calls are refused at once instead of waiting for their limits.
  void set_hung(bool hung) noexcept { hung_ = hung; }

  // The last failure for want of room on the database's machine, and when it was.
  struct NoRoom {
    std::string reason;
    PgWatchdog::Clock::time_point first, last;
  };
  std::optional<NoRoom> no_room() const;

 private:
  static constexpr int kMostTries = 4;

  Error refusal() const;
  Error noted(const Error& error);

  // A connection for as long as it lives; made when it is first wanted.
  class Borrowed {
   public:
    explicit Borrowed(PgPool& pool);
    ~Borrowed();
    Borrowed(const Borrowed&) = delete;
    Borrowed& operator=(const Borrowed&) = delete;
    bool granted() const noexcept { return granted_; }
    pqxx::connection& connection();  // REQUIRES: granted().
    void discard() noexcept { connection_.reset(); }

   private:
    PgPool& pool_;
    bool granted_ = false;
    std::unique_ptr<pqxx::connection> connection_;
  };

  std::string conninfo_;
  PgLimits limits_;
  PgWatchdog& watchdog_;
  int connections_;
  std::atomic<bool> hung_ = false;
  mutable std::mutex mutex_;
  std::condition_variable returned_;
  int unused_;  // how many may be borrowed now
  std::vector<std::unique_ptr<pqxx::connection>> idle_;
  std::optional<NoRoom> no_room_;
};

}  // namespace pare::coordinator
