#include "coordinator/store/pg_watchdog.h"

#include <sys/socket.h>

namespace pare::coordinator {
namespace {

constexpr std::chrono::milliseconds kLook{100};

}  // namespace

PgWatchdog::PgWatchdog() : thread_([this](const std::stop_token& stop) { loop(stop); }) {}

PgWatchdog::Watch::Watch(PgWatchdog& dog, int socket, std::chrono::milliseconds limit) : dog_(dog) {
  const auto now = Clock::now();
  const std::scoped_lock lock(dog_.mutex_);
  id_ = dog_.next_++;
  dog_.watched_.emplace(id_, Watched{socket, now, now + limit});
}

PgWatchdog::Watch::~Watch() {
  const std::scoped_lock lock(dog_.mutex_);
  dog_.watched_.erase(id_);
}

void PgWatchdog::cut_older_than(std::chrono::milliseconds age) {
  const auto now = Clock::now();
  const std::scoped_lock lock(mutex_);
  for (const auto& [id, watched] : watched_) {
    if (now - watched.begin >= age) ::shutdown(watched.socket, SHUT_RDWR);
  }
}

void PgWatchdog::loop(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    woken_.wait_for(lock, stop, kLook, [] { return false; });
    const auto now = Clock::now();
    for (const auto& [id, watched] : watched_) {
      if (now >= watched.deadline) ::shutdown(watched.socket, SHUT_RDWR);
    }
  }
}

}  // namespace pare::coordinator
