#include "coordinator/dispatch/dispatcher.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <zmq.hpp>
#include <zmq_addon.hpp>

#include "coordinator/dispatch/desk.h"
#include "coordinator/dispatch/protocol.h"
#include "core/check.h"
#include "host/bell.h"

namespace pare::coordinator {
namespace {

using std::chrono::milliseconds;

constexpr int kMostMessagesAtOnce = 1000;  // then the clock is looked at again
constexpr milliseconds kStoreAgain{250};   // after it was away

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
  Impl(TaskStore& tasks, DispatchOptions chosen, std::function<void()> changed)
      : options(std::move(chosen)),
        on_change(std::move(changed)),
        protocol(options.heartbeat, options.silence),
        desk(tasks, options.silence, options.log) {}

  // Runs a thread's work again and again until the end, whatever it throws: a message or a row that
  // nobody thought of must not end the service.
  template <typename Turn>
  void keep_on(const std::stop_token& stop, const char* who, Turn turn) {
    while (!stop.stop_requested()) {
      try {
        turn();
      } catch (const std::exception& thrown) {
        if (options.log) options.log(std::string(who) + " goes on after: " + thrown.what());
        std::unique_lock lock(mutex);  // no faster than it can be read
        wanted.wait_for(lock, kStoreAgain, [&] { return stop.stop_requested(); });
      }
    }
  }

  // --- the socket's thread ---

  void talk() {
    const Instant next = std::min(next_tick, next_net);
    wait_until(next);
    read_messages();
    for (Answers& answers : take_answers()) hear(answers);
    const Instant now = Instant::clock::now();
    bool look = std::exchange(rung, false);
    if (now >= next_tick) {
      perform(protocol.tick(now));
      gathered.add(protocol.beats());
      next_tick = now + options.tick;
    }
    if (now >= next_net) {
      look = true;
      next_net = now + options.net;
    }
    if (look) perform(protocol.ask_for_idle());
    hand_over();
  }

  void wait_until(Instant time) {
    const auto left = std::chrono::ceil<milliseconds>(time - Instant::clock::now());
    std::array<zmq::pollitem_t, 2> items{
        zmq::pollitem_t{socket.handle(), 0, ZMQ_POLLIN, 0},
        zmq::pollitem_t{nullptr, bell.fd(), ZMQ_POLLIN, 0},
    };
    try {
      zmq::poll(items.data(), items.size(), std::max(left, milliseconds(0)));
    } catch (const zmq::error_t& error) {
      if (error.num() != EINTR) throw;
    }
    if ((items[1].revents & ZMQ_POLLIN) != 0) bell.silence();
    rung |= woken.exchange(false);
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
      if (message && !is_heard(frames.back(), message.value().session)) continue;
      perform(protocol.received(route, message, Instant::clock::now()));
    }
  }

  bool is_heard(zmq::message_t& frame, const std::string& session) {
    if (!options.keys) return true;
    const std::string worker = frame.gets("User-Id");
    if (owners.may_speak(session, worker)) return true;
    if (options.log && forgers.insert(worker).second) {
      options.log("worker \"" + worker +
                  "\" spoke for the session of another one, and is not heard");
    }
    return false;
  }

  void hear(Answers& answers) {
    const Instant now = Instant::clock::now();
    for (const auto& [greet, answer] : answers.greeted) {
      perform(protocol.greeted(greet, answer, now));
    }
    perform(protocol.seen(answers.seen));
    for (const auto& [record, verdict] : answers.recorded) {
      perform(protocol.recorded(record, verdict));
    }
    if (answers.claims) perform(protocol.claimed(answers.asked, *answers.claims, now));
    const bool back = std::exchange(away, answers.away) && !answers.away;
    rung |= answers.look || back;
  }

  void perform(Actions actions) {
    for (Action& action : actions) {
      std::visit([this](auto& one) { act(one); }, action);
    }
  }
  void act(Send& send) {
    const std::string bytes = wire::encode(send.message);
    try {
      socket.send(zmq::buffer(send.route), zmq::send_flags::sndmore | zmq::send_flags::dontwait);
      socket.send(zmq::buffer(bytes), zmq::send_flags::dontwait);
    } catch (const zmq::error_t&) {
      // EHOSTUNREACH: that connection is gone.  Whatever was said is said again when the worker
      // is back: a lease is offered until it is named, and the rest is asked for again.
    }
  }
  template <typename Wish>
  void act(Wish& wish) {
    gathered.add(std::move(wish));
  }

  // What was gathered goes to the store's thread.
  void hand_over() {
    if (!gathered.urgent() && gathered.beats.empty()) return;
    bool wake = false;
    {
      const std::scoped_lock lock(mutex);
      pending.add(std::move(gathered));
      wake = pending.urgent();
    }
    gathered = {};
    if (wake) wanted.notify_all();
  }

  std::vector<Answers> take_answers() {
    const std::scoped_lock lock(mutex);
    return std::exchange(answered, {});
  }

  // --- the store's thread ---

  void serve(const std::stop_token& stop) {
    Work work;
    {
      std::unique_lock lock(mutex);
      // Without urgent work, as often as there are leases to extend.
      const auto patience = store_away ? kStoreAgain : desk.rhythm();
      wanted.wait_for(lock, stop, patience, [this] { return !store_away && pending.urgent(); });
      work = std::exchange(pending, {});
    }
    if (stop.stop_requested()) return;
    Answers answers = desk.work(std::move(work), Instant::clock::now());
    store_away = answers.away;
    const bool changed = answers.changed;
    {
      const std::scoped_lock lock(mutex);
      answered.push_back(std::move(answers));
    }
    bell.ring();
    if (changed) on_change();
  }

  DispatchOptions options;
  std::function<void()> on_change;
  host::Bell bell;
  std::atomic<bool> woken = false;

  // The socket's thread alone.
  Protocol protocol;
  Work gathered;
  bool rung = false;
  bool away = false;
  Instant next_tick{}, next_net{};
  zmq::context_t context;
  std::unique_ptr<LinkGuard> guard;  // null: whoever connects is a worker
  zmq::socket_t socket;
  SessionOwners owners;
  std::set<std::string> forgers;  // of whom it was said

  // The store's thread alone.
  Desk desk;
  bool store_away = false;

  // Both.
  std::mutex mutex;
  std::condition_variable_any wanted;
  Work pending;
  std::vector<Answers> answered;

  std::jthread talker, server;
};

Dispatcher::Dispatcher(TaskStore& store, DispatchOptions options, std::function<void()> on_change)
    : impl_(std::make_unique<Impl>(store, std::move(options), std::move(on_change))) {}

Dispatcher::~Dispatcher() {
  stop();
}

Result<std::string> Dispatcher::start() {
  PARE_CHECK(!impl_->talker.joinable(), "a dispatcher is started once");
  std::string endpoint;
  try {
    impl_->socket = zmq::socket_t(impl_->context, zmq::socket_type::router);
    configure(impl_->socket);
    if (impl_->options.keys) {
      impl_->guard = std::make_unique<LinkGuard>(impl_->context, impl_->options.worker_of);
      LinkGuard::protect(impl_->socket, *impl_->options.keys);
    }
    impl_->socket.bind(impl_->options.endpoint);
    endpoint = impl_->socket.get(zmq::sockopt::last_endpoint);
  } catch (const zmq::error_t& error) {
    return Error{ErrorCode::kInvalidArgument,
                 "cannot listen for workers on " + impl_->options.endpoint + ": " + error.what()};
  }
  Impl* const impl = impl_.get();
  impl->talker = std::jthread([impl](const std::stop_token& stop) {
    impl->keep_on(stop, "the workers' link", [impl] { impl->talk(); });
  });
  impl->server = std::jthread([impl](const std::stop_token& stop) {
    impl->keep_on(stop, "the dispatcher", [&] { impl->serve(stop); });
  });
  return endpoint;
}

void Dispatcher::stop() {
  if (!impl_->talker.joinable()) return;
  impl_->talker.request_stop();
  impl_->server.request_stop();
  impl_->bell.ring();
  impl_->wanted.notify_all();
  impl_->talker.join();
  impl_->server.join();
  impl_->socket.close();
  impl_->guard.reset();
}

void Dispatcher::wake() {
  impl_->woken = true;
  impl_->bell.ring();
}

}  // namespace pare::coordinator
