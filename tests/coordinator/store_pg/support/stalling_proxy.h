// A way to the test's database that can stand still, as a server does that was stopped: whoever is
// connected gets no answer, whoever comes is let in and gets none either.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/test_database.h"

namespace pare {

class StallingProxy {
 public:
  explicit StallingProxy(const TestDatabase& database) : url_(database.url()) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
        ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
      throw std::runtime_error("the proxy cannot listen");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this](const std::stop_token& stop) { loop(stop); });
  }
  ~StallingProxy() {
    thread_.request_stop();
    thread_.join();
    for (const auto& [from, to] : peers_) ::close(from);
    ::close(listener_);
  }
  StallingProxy(const StallingProxy&) = delete;
  StallingProxy& operator=(const StallingProxy&) = delete;

  // The database, through the proxy.
  std::string url() const {
    return "host=127.0.0.1 port=" + std::to_string(port_) +
           " sslmode=disable gssencmode=disable user=pare " + url_.substr(url_.find("dbname="));
  }
  void stall(bool still) { still_ = still; }

 private:
  void loop(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::vector<pollfd> waits;
      if (!still_) {
        waits.push_back({listener_, POLLIN, 0});
        for (const auto& [from, to] : peers_) waits.push_back({from, POLLIN, 0});
      }
      ::poll(waits.data(), waits.size(), 10);
      for (const pollfd& wait : waits) {
        if (wait.revents == 0) continue;
        if (wait.fd == listener_) {
          let_in();
        } else {
          forward(wait.fd);
        }
      }
    }
  }
  void let_in() {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path =
        std::string(std::getenv("PARE_TEST_POSTGRES")) + "/socket/.s.PGSQL.5432";
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    if (client < 0 ||
        ::connect(server, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      ::close(client);
      ::close(server);
      return;
    }
    peers_[client] = server;
    peers_[server] = client;
  }
  void forward(int from) {
    const auto at = peers_.find(from);
    if (at == peers_.end()) return;
    char bytes[65536];
    const ssize_t got = ::recv(from, bytes, sizeof bytes, 0);
    const int to = at->second;
    if (got > 0 && ::send(to, bytes, static_cast<std::size_t>(got), MSG_NOSIGNAL) == got) return;
    peers_.erase(from);
    peers_.erase(to);
    ::close(from);
    ::close(to);
  }

  std::string url_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> still_ = false;
  std::map<int, int> peers_;  // of the thread, until it ends
  std::jthread thread_;
};

}  // namespace pare
