// Asks the database twice a second how it is, and listens for new tasks.  Seen by the PostgreSQL
// store alone.
//
// One thread with a connection of its own, so that it answers for the database and not for the
// pool.  When the database stops answering, calls that wait are cut and further ones are refused at
// once until it answers again.  What happened is logged once when it begins and once when it ends.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "coordinator/store/health.h"
#include "coordinator/store/pg_pool.h"
#include "host/bell.h"

namespace pare::coordinator {

class PgMonitor {
 public:
  using Log = std::function<void(const std::string&)>;

  // REQUIRES: `pool` outlives the monitor.
  PgMonitor(PgPool& pool, Log log);
  PgMonitor(const PgMonitor&) = delete;
  PgMonitor& operator=(const PgMonitor&) = delete;
  ~PgMonitor();

  // Looks from now on; once it does, further calls do nothing.  Not from two threads at once.
  void start();

  // As of the last answer; an answer that is overdue counts as none.  Thread-safe, at once.
  Health health() const;
  // Called whenever somebody queued a task, from the monitor's thread: it must be quick.
  void when_tasks_are_queued(std::function<void()> bell);

 private:
  using Clock = std::chrono::steady_clock;

  void loop(const std::stop_token& stop);
  void look();
  struct Counts {
    int workers = 0;
    int waiting = 0;  // tasks, through nobody's fault
    std::string waiting_reason;
  };
  void answered(const Counts& counts);
  void tell_of_waits(const Counts& before, const Counts& now) const;
  void failed(const std::string& reason, bool hung);
  void ring();
  // Until there is news on the connection, `until` has come, or the end.
  void wait(Clock::time_point until, bool connected) const;

  PgPool& pool_;
  Log log_;
  host::Bell end_;
  std::unique_ptr<pqxx::connection> connection_;
  std::unique_ptr<pqxx::notification_receiver> receiver_;
  mutable std::mutex mutex_;
  std::function<void()> bell_;
  Counts counts_;
  Clock::time_point answered_at_ = Clock::now();
  std::optional<Clock::time_point> away_since_;
  std::string reason_;
  std::jthread thread_;  // last: it uses all the others
};

}  // namespace pare::coordinator
