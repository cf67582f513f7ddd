// What the threads of tasks tell the thread that owns the socket.
//
// post_*() from any thread; take() from the owner, who waits for fd() to become readable.  Of
// several progress messages, checkpoints and suspensions of a task only the last one is kept, of
// the points of its series the newest.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/worker.h"
#include "host/bell.h"
#include "worker/link/protocol.h"

namespace pare::worker {

struct TaskNews {
  struct Progress {
    double share = 0;
    std::string message;
  };
  std::optional<Progress> progress;
  std::vector<SeriesPoint> points;
  std::optional<Checkpoint> checkpoint;
  std::optional<int> suspension;
  bool ended = false;
  std::optional<std::string> outcome;  // JSON; nothing if the task was stopped
};

class Mailbox {
 public:
  using Key = Protocol::Key;

  int fd() const noexcept { return bell_.fd(); }
  void post_progress(Key task, double share, const std::string& message);
  void post_point(Key task, const SeriesPoint& point);
  void post_checkpoint(Key task, const Checkpoint& checkpoint);
  void post_suspension(Key task, int suspension);
  void post_end(Key task, std::optional<std::string> outcome);
  std::map<Key, TaskNews> take();

 private:
  template <typename Change>
  void post(Key task, Change change);

  host::Bell bell_;
  std::mutex mutex_;
  std::map<Key, TaskNews> news_;
};

}  // namespace pare::worker
