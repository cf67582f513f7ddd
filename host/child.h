// One child process: started with its limits in place, watched, and ended for certain.
//
// The child dies with us (PR_SET_PDEATHSIG): it is killed when the thread that started it ends, so
// start it from a thread that lives as long as the child should.  Nothing but stdin, stdout and
// stderr is inherited.  Destroying a Child kills it and reaps it.
//
// Not Boost.Process: 1.74 hands the pipes of one child to the next, and offers no place for
// affinity and death signal but its private extension hooks.
//
// Linux.  A Child is used by one thread at a time.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"

namespace pare::host {

struct ChildOptions {
  std::vector<std::string> command{};  // command[0] is looked for in PATH if it has no slash
  std::filesystem::path directory{};   // to work in; empty: ours
  std::vector<int> cores{};            // it may run on these; empty: as we may
  // A process group of its own: kill() then ends whatever the child started, too.
  bool own_group = false;
  std::int64_t max_file_bytes = 0;  // of one file it writes; 0: no limit
};

struct ExitStatus {
  int code = 0;
  int signal = 0;  // not 0: killed by it, and code means nothing
  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

std::string describe(ExitStatus status);  // "exit code 3", "signal 11 (Segmentation fault)"

// A child and what it started, and what that started, at one moment.
struct ChildTree {
  int processes = 0;
  std::int64_t memory_bytes = 0;  // resident, summed
  std::int64_t cpu_ticks = 0;     // used so far by those that run, and by those they have reaped
  int stopped = 0;                // of the processes: somebody sent SIGSTOP
};

class Child {
 public:
  // Fails with kNotFound or kInvalidArgument, naming the program, if it cannot be started.
  static Result<Child> start(const ChildOptions& options);

  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();

  pid_t pid() const noexcept { return pid_; }
  // Our ends, non-blocking: a socket (write with MSG_NOSIGNAL) and two pipes.
  int input() const noexcept { return input_; }
  int output() const noexcept { return output_; }
  int errors() const noexcept { return errors_; }
  // Becomes readable when the child has ended.
  int ended() const noexcept { return pidfd_; }

  void close_input() noexcept;

  // How it ended, or nothing while it runs.  What is left of its group is killed then.  Exit code
  // 255 stands for an end that somebody else reaped.
  std::optional<ExitStatus> poll();
  void terminate() noexcept;  // SIGTERM
  // Has the child and all its descendants stand still where they are, memory kept; false if some of
  // them did not within a second.  Not for one that is traced.
  bool stand_still();
  void go_on();
  ExitStatus kill();  // SIGKILL, and waits for the end

  // Resident bytes now and at most so far; 0 once it has ended.
  std::int64_t memory_bytes() const;
  std::int64_t peak_memory_bytes() const;
  // Of the child and all its descendants.
  ChildTree tree() const;

 private:
  Child() = default;
  void signal_all(int signal) noexcept;
  std::vector<pid_t> family() const;

  pid_t pid_ = -1;
  bool own_group_ = false;
  int input_ = -1, output_ = -1, errors_ = -1, pidfd_ = -1;
  std::optional<ExitStatus> status_;
};

}  // namespace pare::host
