#include "coordinator/dispatch/dispatcher.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <deque>
#include <thread>
#include <zmq.hpp>
#include <zmq_addon.hpp>

#include "coordinator/dispatch/protocol.h"
#include "coordinator/dispatch/report.h"
#include "core/check.h"

namespace pare::coordinator {
namespace {

constexpr int kMostMessagesAtOnce = 1000;  // then the clock is looked at again

// Something that a thread waiting in poll() can be woken by.
class Bell {
 public:
  Bell() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    PARE_CHECK(fd_ >= 0, "the system has no more file descriptors");
  }
  ~Bell() { close(fd_); }
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  int fd() const noexcept { return fd_; }
  void ring() const noexcept { (void)!eventfd_write(fd_, 1); }
  void silence() const noexcept {
    eventfd_t rung = 0;
    (void)!eventfd_read(fd_, &rung);
  }

 private:
  int fd_;
};

void configure(zmq::socket_t& socket) {
  using namespace zmq::sockopt;
  socket.set(router_mandatory, true);  // a worker that is gone is noticed, not written to
  socket.set(maxmsgsize, static_cast<std::int64_t>(wire::kMaxMessageBytes));
  socket.set(linger, 0);
  socket.set(heartbeat_ivl, 2000);  // half-open connections
  socket.set(heartbeat_timeout, 6000);
  socket.set(heartbeat_ttl, 6000);
}

}  // namespace

struct Dispatcher::Impl {
  Impl(TaskStore& tasks, DispatchOptions wanted, std::function<void()> changed)
      : store(tasks),
        options(std::move(wanted)),
        on_change(std::move(changed)),
        protocol(options.heartbeat, options.silence) {}

  void loop(const std::stop_token& stop) {
    auto next_tick = Instant::clock::now();
    while (!stop.stop_requested()) {
      wait_until(next_tick);
      bool look = false;
      read_messages();
      if (rung) {
        rung = false;
        look = true;
      }
      if (Instant::clock::now() >= next_tick) {
        perform(protocol.give_up(Instant::clock::now()));
        expire();
        next_tick = Instant::clock::now() + options.tick;
        look = true;
      }
      if (look) perform(protocol.ask_for_idle());
    }
  }

  void wait_until(Instant time) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(time - Instant::clock::now());
    std::array<zmq::pollitem_t, 2> items{
        zmq::pollitem_t{socket.handle(), 0, ZMQ_POLLIN, 0},
        zmq::pollitem_t{nullptr, bell.fd(), ZMQ_POLLIN, 0},
    };
    try {
      zmq::poll(items.data(), items.size(), std::max(left, std::chrono::milliseconds(0)));
    } catch (const zmq::error_t& error) {
      if (error.num() != EINTR) throw;
    }
    if ((items[1].revents & ZMQ_POLLIN) != 0) {
      bell.silence();
      rung = true;
    }
  }

  void read_messages() {
    for (int i = 0; i < kMostMessagesAtOnce; ++i) {
      std::vector<zmq::message_t> frames;
      if (!zmq::recv_multipart(socket, std::back_inserter(frames), zmq::recv_flags::dontwait)) {
        return;
      }
      const std::string route = frames.front().to_string();
      const Result<wire::FromWorker> message =
          frames.size() == 2
              ? wire::decode_from_worker(frames[1].to_string_view())
              : Error{ErrorCode::kInvalidArgument,
                      "a message has one frame, not " + std::to_string(frames.size() - 1)};
      perform(protocol.received(route, message, Instant::clock::now()));
    }
  }

  void expire() {
    const auto expired = store.expire_leases();
    if (expired && !expired.value().empty()) on_change();
  }

  // Does what the protocol wants, and what it wants after the store's answers.
  void perform(Actions actions) {
    std::deque<Action> queue(std::make_move_iterator(actions.begin()),
                             std::make_move_iterator(actions.end()));
    while (!queue.empty()) {
      const Action action = std::move(queue.front());
      queue.pop_front();
      for (Action& next : std::visit([this](const auto& a) { return act(a); }, action)) {
        queue.push_back(std::move(next));
      }
    }
  }

  Actions act(const Send& send) {
    const std::string bytes = wire::encode(send.message);
    try {
      socket.send(zmq::buffer(send.route), zmq::send_flags::sndmore | zmq::send_flags::dontwait);
      socket.send(zmq::buffer(bytes), zmq::send_flags::dontwait);
    } catch (const zmq::error_t&) {
      // EHOSTUNREACH: that connection is gone.  Whatever was said is said again when the worker
      // is back: leases that it does not name in its heartbeats run out.
    }
    return {};
  }
  Actions act(const Greet& greet) {
    const auto worker = store.greet(greet.session, greet.profile);
    const Result<bool> answer = worker ? Result<bool>(true) : Result<bool>(worker.error());
    return protocol.greeted(greet, answer, Instant::clock::now());
  }
  Actions act(const Claim& claim) { return protocol.claimed(claim, store.claim(claim.session)); }
  Actions act(const Beat& beat) {
    return protocol.beaten(beat, store.heartbeat(beat.session, beat.running));
  }
  Actions act(const Record& record) {
    const auto verdict = this->record(record.report);
    if (verdict && verdict.value() == ReportVerdict::kRecorded) {
      on_change();
      rung = true;  // a task that goes back to the queue, or a device that is free now
    }
    return protocol.recorded(record, verdict);
  }
  Actions act(const Retire& retire) {
    const auto given_back = store.retire(retire.session);
    if (given_back && !given_back.value().empty()) on_change();
    return {};
  }

  Result<ReportVerdict> record(const wire::TaskReport& report) {
    const auto task = store.task(report.task);
    if (!task && task.error().code == ErrorCode::kNotFound) return ReportVerdict::kStale;
    if (!task) return task.error();
    return store.report(judge(report, task.value().task.kind));
  }

  TaskStore& store;
  DispatchOptions options;
  std::function<void()> on_change;
  Protocol protocol;
  Bell bell;
  bool rung = false;
  zmq::context_t context;
  zmq::socket_t socket;
  std::jthread thread;
};

Dispatcher::Dispatcher(TaskStore& store, DispatchOptions options, std::function<void()> on_change)
    : impl_(std::make_unique<Impl>(store, std::move(options), std::move(on_change))) {}

Dispatcher::~Dispatcher() {
  stop();
}

Result<std::string> Dispatcher::start() {
  PARE_CHECK(!impl_->thread.joinable(), "a dispatcher is started once");
  const auto renewed = impl_->store.renew_all_leases();
  if (!renewed) return renewed.error();
  std::string endpoint;
  try {
    impl_->socket = zmq::socket_t(impl_->context, zmq::socket_type::router);
    configure(impl_->socket);
    impl_->socket.bind(impl_->options.endpoint);
    endpoint = impl_->socket.get(zmq::sockopt::last_endpoint);
  } catch (const zmq::error_t& error) {
    return Error{ErrorCode::kInvalidArgument,
                 "cannot listen for workers on " + impl_->options.endpoint + ": " + error.what()};
  }
  impl_->thread =
      std::jthread([impl = impl_.get()](const std::stop_token& stop) { impl->loop(stop); });
  return endpoint;
}

void Dispatcher::stop() {
  if (!impl_->thread.joinable()) return;
  impl_->thread.request_stop();
  impl_->bell.ring();
  impl_->thread.join();
  impl_->socket.close();
}

void Dispatcher::wake() {
  impl_->bell.ring();
}

}  // namespace pare::coordinator
