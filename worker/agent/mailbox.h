// What the thread of a task tells the thread that owns the socket.
//
// post_*() from any thread; take() from the owner, who waits for fd() to become readable.  Of
// several progress messages only the last one is kept.
#pragma once

#include <mutex>
#include <optional>
#include <string>

namespace pare::worker {

struct TaskNews {
  struct Progress {
    double share = 0;
    std::string message;
  };
  std::optional<Progress> progress;
  bool ended = false;
  std::optional<std::string> outcome;  // JSON; nothing if the task was stopped
};

class Mailbox {
 public:
  Mailbox();
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  int fd() const noexcept { return fd_; }
  void post_progress(double share, const std::string& message);
  void post_end(std::optional<std::string> outcome);
  TaskNews take();

 private:
  int fd_;
  std::mutex mutex_;
  TaskNews news_;
};

}  // namespace pare::worker
