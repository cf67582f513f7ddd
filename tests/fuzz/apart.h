// A function from bytes to bytes in a process of its own, for libraries that die of some of them:
// what they do to themselves is no finding.  One call at a time; a process that died is followed by
// the next.
#pragma once

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/check.h"

namespace pare::fuzz {

class Apart {
 public:
  using Work = std::string (*)(const std::string& bytes);

  explicit Apart(Work work) : work_(work) {}
  Apart(const Apart&) = delete;
  Apart& operator=(const Apart&) = delete;
  ~Apart() { end(); }

  // Empty where the process died of them.
  std::optional<std::string> operator()(std::string_view bytes) {
    if (process_ == 0) start();
    std::string answer;
    if (send(channel_, bytes) && receive(channel_, answer)) return answer;
    end();
    return std::nullopt;
  }

 private:
  void start() {
    int ends[2];
    PARE_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "no channel");
    process_ = ::fork();
    PARE_CHECK(process_ >= 0, "no process");
    channel_ = ends[process_ == 0 ? 1 : 0];
    ::close(ends[process_ == 0 ? 0 : 1]);
    if (process_ == 0) serve();
  }

  // The fuzzer's handlers would call its own bytes a finding.
  [[noreturn]] void serve() const {
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGILL}) {
      (void)std::signal(signal, SIG_DFL);
    }
    std::string bytes;
    while (receive(channel_, bytes) && send(channel_, work_(bytes))) continue;
    ::_exit(0);
  }

  void end() {
    if (process_ == 0) return;
    ::close(channel_);
    (void)::kill(process_, SIGKILL);
    (void)::waitpid(process_, nullptr, 0);
    process_ = 0;
  }

  static bool send(int channel, std::string_view bytes) {
    const std::uint64_t size = bytes.size();
    return send_all(channel, &size, sizeof size) && send_all(channel, bytes.data(), size);
  }

  static bool receive(int channel, std::string& bytes) {
    std::uint64_t size = 0;
    if (::recv(channel, &size, sizeof size, MSG_WAITALL) != sizeof size) return false;
    bytes.resize(size);
    return size == 0 ||
           ::recv(channel, bytes.data(), size, MSG_WAITALL) == static_cast<ssize_t>(size);
  }

  static bool send_all(int channel, const void* data, std::size_t size) {
    const char* at = static_cast<const char*>(data);
    while (size > 0) {
      const ssize_t sent = ::send(channel, at, size, MSG_NOSIGNAL);
      if (sent <= 0) return false;
      at += sent;
      size -= static_cast<std::size_t>(sent);
    }
    return true;
  }

  Work work_;
  pid_t process_ = 0;
  int channel_ = -1;
};

}  // namespace pare::fuzz
