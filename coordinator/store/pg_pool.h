// Connections to PostgreSQL, and transactions on them.  Seen by the PostgreSQL store alone.
//
// run(body) is one transaction: it is committed if the body returns a value and rolled back if it
// returns an error or throws.  A deadlock or a connection that had died while it was idle is tried
// again; whatever else PostgreSQL says becomes an Error.  When the connection dies during COMMIT
// nobody knows what happened: that is kUnavailable, and every caller may repeat its call.
// Thread-safe: a connection is used by one thread at a time.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "core/result.h"

namespace pare::coordinator {

class PgPool {
 public:
  PgPool(std::string url, int connections) : url_(std::move(url)), unused_(connections) {}

  template <typename Body>
  auto run(Body body) -> decltype(body(std::declval<pqxx::work&>())) {
    for (int tries = 1;; ++tries) {
      Borrowed borrowed(*this);
      try {
        pqxx::work transaction(borrowed.connection());
        auto result = body(transaction);
        if (result) transaction.commit();
        return result;
      } catch (const std::exception& thrown) {
        const Failure failure = classify(thrown);
        if (failure.broken) borrowed.discard();
        if (!failure.again || tries == kMostTries) return failure.error;
      }
    }
  }

 private:
  static constexpr int kMostTries = 4;

  struct Failure {
    Error error;
    bool broken = false;  // the connection is of no more use
    bool again = false;   // nothing was committed, and the next try may succeed
  };
  static Failure classify(const std::exception& thrown);

  // A connection for as long as it lives; made when it is first wanted.
  class Borrowed {
   public:
    explicit Borrowed(PgPool& pool);
    ~Borrowed();
    Borrowed(const Borrowed&) = delete;
    Borrowed& operator=(const Borrowed&) = delete;
    pqxx::connection& connection();
    void discard() noexcept { connection_.reset(); }

   private:
    PgPool& pool_;
    std::unique_ptr<pqxx::connection> connection_;
  };

  std::string url_;
  std::mutex mutex_;
  std::condition_variable returned_;
  int unused_;  // how many may be borrowed now
  std::vector<std::unique_ptr<pqxx::connection>> idle_;
};

}  // namespace pare::coordinator
