#include "worker/task/supervisor.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace pare::worker {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kLogBytes = 4096;
constexpr std::size_t kLineBytes = 65536;
constexpr milliseconds kLook{500};  // at memory

// A stop token as a descriptor that poll() can wait for.
class StopEvent {
 public:
  explicit StopEvent(const std::stop_token& stop) : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    callback_.emplace(stop, [fd = fd_] { ::eventfd_write(fd, 1); });
  }
  StopEvent(const StopEvent&) = delete;
  StopEvent& operator=(const StopEvent&) = delete;
  // The callback first: one that runs just now must not write into whatever gets this number next.
  ~StopEvent() {
    callback_.reset();
    ::close(fd_);
  }
  int fd() const noexcept { return fd_; }

 private:
  int fd_;
  std::optional<std::stop_callback<std::function<void()>>> callback_;
};

// What can be read from a pipe, kept to its last bytes or cut into lines.
class Stream {
 public:
  explicit Stream(int fd) : fd_(fd) {}

  bool open() const noexcept { return open_; }
  int fd() const noexcept { return open_ ? fd_ : -1; }
  std::string& text() noexcept { return text_; }

  // True if something came.
  bool read() {
    const std::size_t before = text_.size();
    std::array<char, 16384> block;
    // Bounded, so that a child that writes without end cannot keep us from the clock.
    for (int reads = 0; open_ && reads < 16; ++reads) {
      const ssize_t got = ::read(fd_, block.data(), block.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) break;
      if (got == 0) open_ = false;
      text_.append(block.data(), static_cast<std::size_t>(got));
    }
    return text_.size() != before;
  }

 private:
  int fd_;
  bool open_ = true;
  std::string text_;
};

void keep_end(std::string& text) {
  if (text.size() > kLogBytes) text.erase(0, text.size() - kLogBytes);
}

void hand_out_lines(std::string& text, const std::function<void(const std::string&)>& on_line) {
  std::size_t start = 0;
  for (std::size_t end = 0; (end = text.find('\n', start)) != std::string::npos; start = end + 1) {
    on_line(text.substr(start, std::min(end - start, kLineBytes)));
  }
  text.erase(0, start);
  if (text.size() > kLineBytes) text.resize(kLineBytes);
}

Error too_long(milliseconds limit) {
  return {ErrorCode::kDeadlineExceeded,
          "the task took longer than its limit of " + std::to_string(limit.count()) + " ms"};
}

Error too_large(std::int64_t bytes, std::int64_t limit) {
  return {ErrorCode::kUnsupported, "the task needed " + std::to_string(bytes >> 20) +
                                       " MiB of memory, the limit is " +
                                       std::to_string(limit >> 20) + " MiB"};
}

// Notices a child that does nothing, from one look to the next.
class Watch {
 public:
  explicit Watch(milliseconds standstill) : most_(static_cast<int>(standstill / kLook)) {}

  void heard() noexcept { still_ = 0; }

  // Why it has to end, if it has.
  std::optional<Error> look(const host::ChildTree& tree) {
    const bool moved = tree.cpu_ticks != ticks_ || tree.processes != processes_;
    ticks_ = tree.cpu_ticks;
    processes_ = tree.processes;
    still_ = moved ? 0 : still_ + 1;
    if (most_ == 0 || still_ < most_) return std::nullopt;
    const std::string how =
        "pare-engine stood still for " +
        std::to_string(std::chrono::ceil<std::chrono::seconds>(kLook * still_).count()) +
        " s, without output and processor time";
    // The others wait for the one that is.
    if (tree.stopped > 0)
      return Error{ErrorCode::kUnavailable, how + ": it was stopped by a signal"};
    return Error{ErrorCode::kDeadlineExceeded, how};
  }

 private:
  int most_;  // looks
  int still_ = 0;
  std::int64_t ticks_ = -1;
  int processes_ = 0;
};

// From where a child may run to its end.
class Entered {
 public:
  Entered(Pause* pause, const std::stop_token& stop)
      : pause_(pause), inside_(pause == nullptr || pause->enter(stop)) {}
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;
  ~Entered() {
    if (pause_ != nullptr && inside_) pause_->leave();
  }
  bool inside() const noexcept { return inside_; }

 private:
  Pause* pause_;
  bool inside_;
};

// A child that stands still now and then, and for how long it did.
class Standing {
 public:
  Standing(Pause* pause, host::Child& child) : pause_(pause), child_(child) {}

  int fd() const noexcept { return pause_ == nullptr ? -1 : pause_->fd(); }
  bool still() const noexcept { return still_; }

  // Does what is wanted.  Returns how long it had stood still if it goes on now.  What could not be
  // done is wanted still.
  Clock::duration obey() {
    Clock::duration stood{};
    const auto wish = pause_ == nullptr ? std::nullopt : pause_->wish();
    if (!wish) return stood;
    if (stands_still(*wish)) {
      if (!child_.stand_still()) return stood;
      if (!std::exchange(still_, true)) since_ = Clock::now();
    } else {
      child_.go_on();
      if (std::exchange(still_, false)) stood = Clock::now() - since_;
    }
    pause_->done(*wish);
    return stood;
  }

 private:
  Pause* pause_;
  host::Child& child_;
  bool still_ = false;
  Clock::time_point since_{};
};

}  // namespace

Result<std::optional<ChildEnd>> supervise(const SuperviseOptions& options,
                                          const std::stop_token& stop,
                                          const std::function<void(const std::string&)>& on_line) {
  const StopEvent stop_event(stop);
  const Entered entered(options.pause, stop);
  if (!entered.inside()) return std::optional<ChildEnd>();
  auto started = host::Child::start(options.child);
  if (!started) return started.error();
  host::Child child = std::move(started).value();  // its destructor kills what is left
  child.close_input();
  auto deadline = Clock::now() + options.time_limit;
  auto next_look = Clock::now() + kLook;
  Stream output(child.output()), log(child.errors());
  Watch watch(options.standstill);
  Standing standing(options.pause, child);
  while (true) {
    std::array<pollfd, 5> wait{{{output.fd(), POLLIN, 0},
                                {log.fd(), POLLIN, 0},
                                {child.ended(), POLLIN, 0},
                                {stop_event.fd(), POLLIN, 0},
                                {standing.fd(), POLLIN, 0}}};
    const auto wake = standing.still() ? next_look : std::min(deadline, next_look);
    const auto left = std::chrono::ceil<milliseconds>(wake - Clock::now());
    ::poll(wait.data(), wait.size(), static_cast<int>(std::max(left, milliseconds(0)).count()));
    if (stop.stop_requested()) return std::optional<ChildEnd>();
    const bool spoke = output.read();
    if (log.read() || spoke) watch.heard();
    hand_out_lines(output.text(), on_line);
    keep_end(log.text());
    if (wait[2].revents != 0) break;
    deadline += standing.obey();
    if (standing.still()) {
      next_look = Clock::now() + kLook;
      watch.heard();
      continue;
    }
    if (Clock::now() >= deadline) return too_long(options.time_limit);
    if (Clock::now() < next_look) continue;
    next_look = Clock::now() + kLook;
    const host::ChildTree tree = child.tree();
    if (options.max_memory_bytes > 0 && tree.memory_bytes > options.max_memory_bytes) {
      return too_large(tree.memory_bytes, options.max_memory_bytes);
    }
    if (auto still = watch.look(tree)) return *std::move(still);
  }
  const host::ExitStatus status = child.kill();
  log.read();
  keep_end(log.text());
  return std::optional(ChildEnd{status, std::move(log.text())});
}

}  // namespace pare::worker
