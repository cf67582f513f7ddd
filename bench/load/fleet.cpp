// load_fleet ENDPOINT WORKERS: as many workers as wanted, in one process: the workers' own protocol
// on the real wire, a connection and a device each; whatever is leased ends at once.
//
// A line on stdin asks how it is; the answer is one line of JSON.  Ends when stdin does.
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "wire/worker_messages.h"
#include "worker/link/protocol.h"

namespace pare::bench {
namespace {

using worker::Instant;

constexpr int kTickMs = 20;
constexpr int kTicksARound = 10;  // every worker is ticked once in so many: five times a second
constexpr const char* kOutcome =
    R"({"ok": false, "code": "unsupported", "reason": "an empty task", "seconds": 0})";

struct Counts {
  long beats_sent = 0, beats_answered = 0, reconnects = 0, refusals = 0, leases = 0;
  long reports_sent = 0, reports_answered = 0, duplicates = 0;
};

std::string session_of(int number) {
  char text[40];
  std::snprintf(text, sizeof text, "00000000-0000-4000-8000-%012x", number + 1);
  return text;
}

class Worker {
 public:
  Worker(zmq::context_t& context, std::string endpoint, int number, Counts& counts)
      : context_(context),
        endpoint_(std::move(endpoint)),
        counts_(counts),
        protocol_(session_of(number), profile(number), {}) {
    connect();
  }

  int fd() const { return socket_.get(zmq::sockopt::fd); }
  bool welcomed() const { return protocol_.welcomed(); }

  // True when there is another socket to wait for.
  bool tick(Instant now) {
    reconnected_ = false;
    act(protocol_.tick(now), now);
    receive(now);
    return reconnected_;
  }
  void receive(Instant now) {
    zmq::message_t frame;
    while (socket_.recv(frame, zmq::recv_flags::dontwait)) {
      const auto message = wire::decode_to_worker(frame.to_string_view());
      if (!message) continue;
      count(message.value());
      act(protocol_.received(message.value(), now), now);
    }
  }

 private:
  static WorkerProfile profile(int number) {
    const std::string name = "simulated-" + std::to_string(number);
    return {name,
            "device of " + name,
            R"({"cpu_model": "none", "cores": 1})",
            {"default"},
            {{"onnxruntime", "1", {"fp32"}}}};
  }
  void connect() {
    socket_ = zmq::socket_t(context_, zmq::socket_type::dealer);
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::immediate, true);
    socket_.set(zmq::sockopt::reconnect_ivl, 100);
    socket_.set(zmq::sockopt::reconnect_ivl_max, 2000);
    socket_.connect(endpoint_);
  }
  void count(const wire::ToWorker& message) {
    if (std::holds_alternative<wire::HeartbeatReply>(message)) ++counts_.beats_answered;
    if (std::holds_alternative<wire::Refusal>(message)) ++counts_.refusals;
    if (std::holds_alternative<Lease>(message)) ++counts_.leases;
    if (const auto* reply = std::get_if<wire::ReportReply>(&message)) {
      ++counts_.reports_answered;
      if (reply->verdict != ReportVerdict::kRecorded) ++counts_.duplicates;
    }
  }
  void act(const worker::Actions& actions, Instant now) {
    for (const worker::Action& action : actions) {
      if (const auto* send = std::get_if<worker::Send>(&action)) {
        say(send->message);
      } else if (const auto* start = std::get_if<worker::Start>(&action)) {
        const Lease& lease = start->lease;
        const wire::TaskReport report{lease.task, lease.attempt, kOutcome};
        act(protocol_.ended({lease.task, lease.attempt}, report, now), now);
      } else if (std::holds_alternative<worker::Reconnect>(action)) {
        ++counts_.reconnects;
        reconnected_ = true;
        connect();
      }
    }
  }
  void say(const wire::FromWorker& message) {
    try {
      if (!socket_.send(zmq::buffer(wire::encode(message)), zmq::send_flags::dontwait)) return;
    } catch (const zmq::error_t&) {
      return;  // as lost as if the network had lost it
    }
    if (std::holds_alternative<wire::Heartbeat>(message.body)) ++counts_.beats_sent;
    if (std::holds_alternative<wire::TaskReport>(message.body)) ++counts_.reports_sent;
  }

  zmq::context_t& context_;
  std::string endpoint_;
  Counts& counts_;
  worker::Protocol protocol_;
  zmq::socket_t socket_;
  bool reconnected_ = false;
};

class Fleet {
 public:
  Fleet(const std::string& endpoint, int workers) : poller_(::epoll_create1(EPOLL_CLOEXEC)) {
    context_.set(zmq::ctxopt::max_sockets, 2 * workers + 100);
    timer_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    const itimerspec every{{0, kTickMs * 1'000'000}, {0, kTickMs * 1'000'000}};
    ::timerfd_settime(timer_, 0, &every, nullptr);
    wait_for(timer_, EPOLLIN, kTimer);
    wait_for(STDIN_FILENO, EPOLLIN, kInput);
    for (int i = 0; i < workers; ++i) {
      workers_.push_back(std::make_unique<Worker>(context_, endpoint, i, counts_));
      listen_to(static_cast<std::size_t>(i));
    }
  }

  void run() {
    std::array<epoll_event, 256> events{};
    while (true) {
      const int ready = ::epoll_wait(poller_, events.data(), events.size(), 1000);
      const Instant now = Instant::clock::now();
      for (int i = 0; i < ready; ++i) {
        const std::uint64_t who = events[static_cast<std::size_t>(i)].data.u64;
        if (who == kTimer) {
          tick(now);
        } else if (who == kInput) {
          if (!answer()) return;
        } else {
          workers_[who]->receive(now);
        }
      }
    }
  }

 private:
  static constexpr std::uint64_t kTimer = ~0ULL, kInput = ~1ULL;

  void wait_for(int fd, std::uint32_t events, std::uint64_t who) const {
    epoll_event event{};
    event.events = events;
    event.data.u64 = who;
    if (::epoll_ctl(poller_, EPOLL_CTL_ADD, fd, &event) != 0) {
      throw std::runtime_error("epoll_ctl failed: are there enough file descriptors?");
    }
  }
  // ZeroMQ's descriptor says that something changed, once: everything is read then.
  void listen_to(std::size_t worker) const {
    wait_for(workers_[worker]->fd(), EPOLLIN | EPOLLET, worker);
  }
  void tick(Instant now) {
    std::uint64_t ignored = 0;
    (void)!::read(timer_, &ignored, sizeof ignored);
    round_ = (round_ + 1) % kTicksARound;
    for (std::size_t i = round_; i < workers_.size(); i += kTicksARound) {
      if (workers_[i]->tick(now)) listen_to(i);
    }
  }
  bool answer() const {
    std::array<char, 256> line{};
    if (::read(STDIN_FILENO, line.data(), line.size()) <= 0) return false;
    long welcomed = 0;
    for (const auto& worker : workers_) welcomed += worker->welcomed() ? 1 : 0;
    const nlohmann::json json = {{"welcomed", welcomed},
                                 {"beats_sent", counts_.beats_sent},
                                 {"beats_answered", counts_.beats_answered},
                                 {"reconnects", counts_.reconnects},
                                 {"refusals", counts_.refusals},
                                 {"leases", counts_.leases},
                                 {"reports_sent", counts_.reports_sent},
                                 {"reports_answered", counts_.reports_answered},
                                 {"duplicates", counts_.duplicates}};
    std::printf("%s\n", json.dump().c_str());
    std::fflush(stdout);
    return true;
  }

  int poller_;
  int timer_ = -1;
  zmq::context_t context_;
  Counts counts_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::size_t round_ = 0;
};

}  // namespace
}  // namespace pare::bench

int main(int argc, char** argv) {
  const int workers = argc == 3 ? std::atoi(argv[2]) : 0;
  if (workers < 1) {
    std::fprintf(stderr, "load_fleet ENDPOINT WORKERS\n");
    return 2;
  }
  try {
    pare::bench::Fleet(argv[1], workers).run();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "load_fleet: %s\n", error.what());
    return 1;
  }
}
