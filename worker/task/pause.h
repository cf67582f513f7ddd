// Whether a task is to stand still: what the agent wants, and what whoever runs the task has done.
//
// Wishes are counted up (core/worker.h).  While no child runs there is nothing to stop: a wish is
// carried out at once, and the next child does not start before it is to go on.  Thread-safe.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>

#include "core/worker.h"
#include "host/bell.h"

namespace pare::worker {

class Pause {
 public:
  // `on_done` is told each wish that was carried out, from any thread; it must not call back.
  explicit Pause(std::function<void(int suspension)> on_done = {}) : on_done_(std::move(on_done)) {}

  // An older one than the last changes nothing.
  void want(int suspension);

  // Blocks while it is to stand still; false: the stop came.
  bool wait(const std::stop_token& stop);

  // From enter(), which waits as wait() does, to leave() a child runs: its supervisor waits for
  // fd() to become readable and carries out what wish() says.
  bool enter(const std::stop_token& stop);
  void leave();
  int fd() const noexcept { return bell_.fd(); }
  // Newer than what was done last; nothing: all is done.
  std::optional<int> wish();
  void done(int suspension);

 private:
  bool wait(std::unique_lock<std::mutex>& lock, const std::stop_token& stop);

  std::function<void(int)> on_done_;
  host::Bell bell_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  int wanted_ = 0;
  int done_ = 0;
  bool child_ = false;
};

}  // namespace pare::worker
