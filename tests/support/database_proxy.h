// A way to the test's database that fails as networks and servers do.
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
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/test_database.h"

namespace pare {

class DatabaseProxy {
 public:
  explicit DatabaseProxy(const TestDatabase& database) : url_(database.url()) {
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
  ~DatabaseProxy() {
    thread_.request_stop();
    thread_.join();
    for (const auto& [from, to] : peers_) ::close(from);
    ::close(listener_);
  }
  DatabaseProxy(const DatabaseProxy&) = delete;
  DatabaseProxy& operator=(const DatabaseProxy&) = delete;

  // The database, through the proxy.
  std::string url() const {
    return "host=127.0.0.1 port=" + std::to_string(port_) +
           " sslmode=disable gssencmode=disable user=pare " + url_.substr(url_.find("dbname="));
  }
  // It stands still, as a server does that was stopped: whoever is connected gets no answer,
  // whoever comes is let in and gets none either.
  void stall(bool still) { still_ = still; }
  // Of one COMMIT in so many, at random, the answer is lost and the connection with it: it was
  // made, and whoever asked for it cannot know.  0: of none.
  void lose_commits(unsigned one_in) { one_in_ = one_in; }
  int lost_commits() const { return lost_commits_; }

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
    const bool answer_to_lose = doomed_.contains(from);
    if (got > 0 && is_to_be_lost({bytes, static_cast<std::size_t>(got)})) doomed_.insert(to);
    if (got > 0 && !answer_to_lose &&
        ::send(to, bytes, static_cast<std::size_t>(got), MSG_NOSIGNAL) == got) {
      return;
    }
    if (answer_to_lose) ++lost_commits_;
    for (const int end : {from, to}) {
      peers_.erase(end);
      doomed_.erase(end);
      ::close(end);
    }
  }
  bool is_to_be_lost(std::string_view bytes) {
    const unsigned one_in = one_in_;
    return one_in > 0 && bytes.find("COMMIT") != bytes.npos && random_() % one_in == 0;
  }

  std::string url_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> still_ = false;
  std::atomic<unsigned> one_in_ = 0;
  std::atomic<int> lost_commits_ = 0;
  std::map<int, int> peers_;  // of the thread, until it ends
  std::set<int> doomed_;      // servers whose next answer is lost
  std::mt19937 random_{1};
  std::jthread thread_;
};

}  // namespace pare
