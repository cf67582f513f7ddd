// Cuts connections whose answer does not come.  Seen by the PostgreSQL store alone.
//
// libpq waits for an answer as long as it takes, and PostgreSQL's own time limits are of no use
// when it is PostgreSQL that stands still (SIGSTOP, a disk that hangs, a network that drops
// everything). So a thread shuts the socket down once the deadline of a call has passed: the call
// then fails as if the peer had gone.  Looks ten times a second; deadlines are kept to that.
// Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <thread>

namespace pare::coordinator {

class PgWatchdog {
 public:
  using Clock = std::chrono::steady_clock;

  PgWatchdog();
  PgWatchdog(const PgWatchdog&) = delete;
  PgWatchdog& operator=(const PgWatchdog&) = delete;

  // Watches a socket for as long as it lives.  REQUIRES: the socket stays open meanwhile, and the
  // watchdog.
  class Watch {
   public:
    Watch(PgWatchdog& dog, int socket, std::chrono::milliseconds limit);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    PgWatchdog& dog_;
    std::uint64_t id_;
  };

  // Cuts, now, whoever waits for this long already.
  void cut_older_than(std::chrono::milliseconds age);

 private:
  struct Watched {
    int socket;
    Clock::time_point begin, deadline;
  };
  void loop(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any woken_;
  std::map<std::uint64_t, Watched> watched_;
  std::uint64_t next_ = 0;
  std::jthread thread_;  // last: it uses all the others
};

}  // namespace pare::coordinator
