#include "host/child.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "core/check.h"

namespace pare::host {
namespace {

// A descriptor that closes itself, so that every early return below is clean.
class Fd {
 public:
  explicit Fd(int fd = -1) noexcept : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const noexcept { return fd_; }
  int release() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

struct Pipe {
  Fd ours, theirs;
};

Error system_error(const std::string& what) {
  return {ErrorCode::kUnavailable, what + ": " + std::strerror(errno)};
}

Result<Pipe> pipe_to_us() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("pipe");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

// A socket, because a write to a pipe whose reader died raises SIGPIPE in us.
Result<Pipe> socket_to_child() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return system_error("socketpair");
  }
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

// Everything the child needs, made before fork(): between fork() and exec() a process that had
// threads may only make system calls.
struct Prepared {
  std::vector<char*> argv;
  const char* directory = nullptr;
  cpu_set_t cores{};
  bool pinned = false;
  bool own_group = false;
  rlim_t max_file_bytes = RLIM_INFINITY;
  pid_t parent = 0;
  int input = -1, output = -1, errors = -1, report = -1;
};

[[noreturn]] void fail_in_child(int report) {
  const int reason = errno;
  // If even this cannot be written, the parent sees a child that ended at once.
  [[maybe_unused]] const auto written = ::write(report, &reason, sizeof reason);
  ::_exit(127);
}

[[noreturn]] void become(const Prepared& prepared) {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int signal = 1; signal < 32; ++signal) ::signal(signal, SIG_DFL);
  if (prepared.own_group) ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != prepared.parent) ::_exit(127);  // it died before the line above
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  if (prepared.max_file_bytes != RLIM_INFINITY) {
    const rlimit files{prepared.max_file_bytes, prepared.max_file_bytes};
    ::setrlimit(RLIMIT_FSIZE, &files);
  }
  if (prepared.pinned && ::sched_setaffinity(0, sizeof prepared.cores, &prepared.cores) != 0) {
    fail_in_child(prepared.report);
  }
  if (::dup2(prepared.input, 0) < 0 || ::dup2(prepared.output, 1) < 0 ||
      ::dup2(prepared.errors, 2) < 0) {
    fail_in_child(prepared.report);
  }
  ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  if (prepared.directory != nullptr && ::chdir(prepared.directory) != 0) {
    fail_in_child(prepared.report);
  }
  ::execvp(prepared.argv[0], prepared.argv.data());
  fail_in_child(prepared.report);
}

Result<Prepared> prepare(const ChildOptions& options) {
  if (options.command.empty() || options.command[0].empty()) {
    return Error{ErrorCode::kInvalidArgument, "the command to start is empty"};
  }
  Prepared prepared;
  for (const std::string& word : options.command) {
    prepared.argv.push_back(const_cast<char*>(word.c_str()));  // exec() does not write to it
  }
  prepared.argv.push_back(nullptr);
  if (!options.directory.empty()) prepared.directory = options.directory.c_str();
  CPU_ZERO(&prepared.cores);
  for (const int core : options.cores) {
    if (core < 0 || core >= CPU_SETSIZE) {
      return Error{ErrorCode::kInvalidArgument,
                   "core " + std::to_string(core) + " is not a core number"};
    }
    CPU_SET(static_cast<std::size_t>(core), &prepared.cores);
    prepared.pinned = true;
  }
  prepared.own_group = options.own_group;
  if (options.max_file_bytes > 0) {
    prepared.max_file_bytes = static_cast<rlim_t>(options.max_file_bytes);
  }
  prepared.parent = ::getpid();
  return prepared;
}

// A line "Name:   123 kB" of /proc/<pid>/status, in bytes; 0 if it is not there.
std::int64_t status_bytes(pid_t pid, std::string_view name) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with(name) && line.size() > name.size() && line[name.size()] == ':') {
      return std::strtoll(line.c_str() + name.size() + 1, nullptr, 10) * 1024;
    }
  }
  return 0;
}

// What /proc/<pid>/stat says, added to `tree`; false if the process is gone.
// https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
bool add_process(pid_t pid, ChildTree& tree) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  const std::size_t name_end = text.rfind(')');  // the name may hold anything
  if (name_end == std::string::npos) return false;
  std::istringstream fields(text.substr(name_end + 1));
  char state = '?';
  fields >> state;
  std::int64_t skipped = 0;
  for (int i = 0; i < 10; ++i) fields >> skipped;  // up to majflt and cmajflt
  for (int i = 0; i < 4; ++i) {                    // utime, stime, cutime, cstime
    std::int64_t ticks = 0;
    fields >> ticks;
    tree.cpu_ticks += ticks;
  }
  tree.processes += 1;
  tree.memory_bytes += status_bytes(pid, "VmRSS");
  if (state == 'T' || state == 't') tree.stopped += 1;
  return true;
}

// Neither stopped nor ended, nor waiting in the kernel where no signal wakes it (D): a stop that
// was sent to it meets it before it computes again.  Whoever starts a program (vfork) waits there
// until that has begun, which may stand still already.
bool runs(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos || name_end + 2 >= text.size()) return false;
  return std::string_view("TtZXD").find(text[name_end + 2]) == std::string_view::npos;
}

// Children hang on the thread that started them.
std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> found;
  std::error_code gone;
  const std::filesystem::path threads = "/proc/" + std::to_string(pid) + "/task";
  for (auto at = std::filesystem::directory_iterator(threads, gone);
       !gone && at != std::filesystem::directory_iterator(); at.increment(gone)) {
    std::ifstream children(at->path() / "children");
    for (pid_t child = 0; children >> child;) found.push_back(child);
  }
  return found;
}

// A child of ours that nobody waits for must not vanish: an ignored SIGCHLD is inherited through
// exec(), and then the kernel reaps for us and nobody learns how it ended.
void insist_on_reaping() {
  struct sigaction now {};
  if (::sigaction(SIGCHLD, nullptr, &now) != 0 || now.sa_handler != SIG_IGN) return;
  now.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &now, nullptr);
}

void make_nonblocking(int fd) {
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

}  // namespace

std::string describe(ExitStatus status) {
  if (status.signal == 0) return "exit code " + std::to_string(status.code);
  return "signal " + std::to_string(status.signal) + " (" + ::strsignal(status.signal) + ")";
}

Result<Child> Child::start(const ChildOptions& options) {
  auto prepared = prepare(options);
  if (!prepared) return prepared.error();
  insist_on_reaping();
  auto input = socket_to_child();
  auto output = pipe_to_us();
  auto errors = pipe_to_us();
  auto report = pipe_to_us();  // closed by a successful exec(), else carries errno
  for (const auto* made : {&input, &output, &errors, &report}) {
    if (!*made) return made->error();
  }
  Prepared ready = std::move(prepared).value();
  ready.input = input.value().theirs.get();
  ready.output = output.value().theirs.get();
  ready.errors = errors.value().theirs.get();
  ready.report = report.value().theirs.get();

  Child child;
  child.own_group_ = options.own_group;
  child.pid_ = ::fork();
  if (child.pid_ < 0) return system_error("fork");
  if (child.pid_ == 0) become(ready);
  if (options.own_group) ::setpgid(child.pid_, child.pid_);  // whoever comes first

  Pipe ours_in = std::move(input).value(), ours_out = std::move(output).value();
  Pipe ours_err = std::move(errors).value(), ours_report = std::move(report).value();
  for (Pipe* end : {&ours_in, &ours_out, &ours_err, &ours_report}) end->theirs = Fd();
  int reason = 0;
  ssize_t got = 0;
  do {
    got = ::read(ours_report.ours.get(), &reason, sizeof reason);
  } while (got < 0 && errno == EINTR);
  if (got == sizeof reason) {
    return Error{reason == ENOENT ? ErrorCode::kNotFound : ErrorCode::kInvalidArgument,
                 "cannot start " + options.command[0] + ": " + std::strerror(reason)};
  }
  // By number: glibc 2.36 declares pidfd_open() without C linkage.
  child.pidfd_ = static_cast<int>(::syscall(SYS_pidfd_open, child.pid_, 0));
  if (child.pidfd_ < 0) return system_error("pidfd_open");
  for (Pipe* end : {&ours_in, &ours_out, &ours_err}) make_nonblocking(end->ours.get());
  child.input_ = ours_in.ours.release();
  child.output_ = ours_out.ours.release();
  child.errors_ = ours_err.ours.release();
  return child;
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      own_group_(other.own_group_),
      input_(std::exchange(other.input_, -1)),
      output_(std::exchange(other.output_, -1)),
      errors_(std::exchange(other.errors_, -1)),
      pidfd_(std::exchange(other.pidfd_, -1)),
      status_(other.status_) {}

Child::~Child() {
  if (pid_ >= 0) kill();
  for (const int fd : {input_, output_, errors_, pidfd_}) {
    if (fd >= 0) ::close(fd);
  }
}

void Child::close_input() noexcept {
  if (input_ >= 0) ::close(std::exchange(input_, -1));
}

void Child::signal_all(int signal) noexcept {
  // Never without a child of our own: kill(-1) would reach every process there is.
  PARE_CHECK(status_ || pid_ > 1, "a child that was moved away is not signalled");
  if (!status_) ::kill(own_group_ ? -pid_ : pid_, signal);
}

std::optional<ExitStatus> Child::poll() {
  if (status_) return status_;
  siginfo_t info{};
  // Looked at without reaping first: until it is reaped the group's number cannot be another's.
  if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
    if (errno == ECHILD) status_ = ExitStatus{.code = 255, .signal = 0};
    return status_;
  }
  if (info.si_pid == 0) return std::nullopt;
  signal_all(SIGKILL);
  int raw = 0;
  PARE_CHECK(::waitpid(pid_, &raw, 0) == pid_, "a child that ended cannot be reaped");
  status_ = WIFSIGNALED(raw) ? ExitStatus{.code = 0, .signal = WTERMSIG(raw)}
                             : ExitStatus{.code = WEXITSTATUS(raw), .signal = 0};
  return status_;
}

void Child::terminate() noexcept {
  signal_all(SIGTERM);
}

ExitStatus Child::kill() {
  signal_all(SIGKILL);
  while (!poll()) {
    pollfd wait{pidfd_, POLLIN, 0};
    // Without a pidfd (start() failed half way) WNOHANG is asked again after a millisecond.
    ::poll(&wait, pidfd_ >= 0 ? 1 : 0, pidfd_ >= 0 ? -1 : 1);
  }
  return *status_;
}

std::int64_t Child::memory_bytes() const {
  return status_ ? 0 : status_bytes(pid_, "VmRSS");
}

std::int64_t Child::peak_memory_bytes() const {
  return status_ ? 0 : status_bytes(pid_, "VmHWM");
}

// Parents before their children.
std::vector<pid_t> Child::family() const {
  std::vector<pid_t> found;
  if (status_) return found;
  found.push_back(pid_);
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (const pid_t child : children_of(found[i])) found.push_back(child);
  }
  return found;
}

ChildTree Child::tree() const {
  ChildTree tree;
  for (const pid_t pid : family()) add_process(pid, tree);
  return tree;
}

bool Child::stand_still() {
  // Again until none is left that runs: one may have been started by another that ran still.
  constexpr int kLooks = 200;
  for (int look = 0; look < kLooks; ++look) {
    for (const pid_t pid : family()) ::kill(pid, SIGSTOP);
    if (std::ranges::none_of(family(), runs)) return true;
    ::poll(nullptr, 0, 5);
  }
  return false;
}

void Child::go_on() {
  for (const pid_t pid : family()) ::kill(pid, SIGCONT);
}

}  // namespace pare::host
