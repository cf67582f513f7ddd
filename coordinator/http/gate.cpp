#include "coordinator/http/gate.h"

#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "coordinator/http/problem.h"
#include "coordinator/http/response_head.h"
#include "coordinator/http/thread_lane.h"

namespace pare::coordinator {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBlock = 64 << 10;         // bytes read or sent at once
constexpr std::size_t kPrefetch = 256 << 10;     // of an upload, before it takes a thread
constexpr std::size_t kSmallBody = 64 << 10;     // bodies up to here are always taken
constexpr std::size_t kMostHeld = 64 << 20;      // bytes of bodies that are not there yet, in all
constexpr std::int64_t kMostDrained = 64 << 20;  // of a body that was refused
constexpr std::chrono::seconds kDrainTime{5};
constexpr std::chrono::milliseconds kTick{100};
constexpr std::chrono::seconds kCrowdedGrace{2};  // for an upload while others wait for a thread
constexpr double kCrowdedRate = 256 << 10;        // bytes a second

// Bytes that come or go since a moment, held against a rate.
struct Pace {
  Clock::time_point since = Clock::now();
  std::int64_t bytes = 0;

  bool keeps(Clock::duration grace, double rate) const {
    const double late = std::chrono::duration<double>(Clock::now() - since - grace).count();
    return late <= 0 || static_cast<double>(bytes) >= late * rate;
  }
};

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

struct Connection {
  enum class State {
    kIdle,     // between two requests
    kHead,     // some of a head is there
    kBody,     // the head is there, some of the body may be
    kWorking,  // a thread has it
    kSending,
    kDraining,  // answered; what is still sent is passed over, so that the answer is read
  };

  explicit Connection(int fd) : socket(fd) {}

  Descriptor socket;
  State state = State::kIdle;
  std::string in;  // received and not used yet
  RequestHead head;
  Lane lane = Lane::kAnswer;
  std::size_t wanted = 0;  // bytes of the body before a thread takes it
  std::size_t held = 0;    // of `wanted`, counted towards kMostHeld
  std::string out;
  std::size_t sent = 0;
  std::optional<FileBody> file;  // behind `out`
  bool close = false;            // when `out` and `file` are sent
  bool drain = false;            // before it is closed
  Pace pace;

  bool waits_for_bytes() const {
    return state == State::kIdle || state == State::kHead || state == State::kBody ||
           state == State::kDraining;
  }
};

// What a thread gives back.
struct Finished {
  std::uint64_t id = 0;
  Response response;
  std::int64_t unread = 0;  // of the body
};

}  // namespace

class Gate::Impl {
 public:
  Impl(GateOptions options, GateCallbacks callbacks)
      : options_(std::move(options)), callbacks_(std::move(callbacks)) {}
  ~Impl() { stop(); }

  Result<int> start();
  void stop();

 private:
  static constexpr std::uint64_t kListener = 0;
  static constexpr std::uint64_t kWaker = 1;

  Result<bool> listen();
  void run();
  void wake() const;
  void watch(std::uint64_t id, int fd, std::uint32_t events, int operation) const;
  void accept();
  void make_room();
  void close(std::uint64_t id);
  // What a step on one connection throws (memory is short, say) ends that one.
  template <typename Step>
  void guarded(std::uint64_t id, Step step) {
    try {
      step();
    } catch (const std::exception&) {
      close(id);
    }
  }
  void handle(std::uint64_t id, std::uint32_t events);
  bool receive(std::uint64_t id, Connection& connection);
  void advance(std::uint64_t id);
  bool take_head(std::uint64_t id, Connection& connection);
  void begin_body(std::uint64_t id, Connection& connection);
  void dispatch(std::uint64_t id, Connection& connection);
  void work(std::uint64_t id, int fd, Arrival arrival, std::int64_t length, Lane lane);
  bool read_upload(int fd, const std::string& first, std::int64_t length, std::int64_t& unread,
                   const std::function<bool(std::string_view)>& sink) const;
  void take_finished();
  void respond(std::uint64_t id, Connection& connection, const Response& response, bool close,
               bool drain);
  void send(std::uint64_t id, Connection& connection);
  void sent_all(std::uint64_t id, Connection& connection);
  bool keeps_pace(const Connection& connection) const;
  void sweep();

  const GateOptions options_;
  const GateCallbacks callbacks_;
  Descriptor listener_, epoll_, waker_;
  int port_ = 0;
  // Of the thread that watches.
  std::map<std::uint64_t, Connection> connections_;
  std::uint64_t next_id_ = 2;
  std::size_t held_ = 0;
  std::size_t working_ = 0;

  std::mutex mutex_;
  std::vector<Finished> finished_;  // guarded by `mutex_`
  std::atomic<bool> stopping_ = false;
  std::optional<ThreadLane> vital_, answers_, uploads_;
  std::thread thread_;
};

Result<bool> Gate::Impl::listen() {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  // Not looked up: whoever answers for "localhost" elsewhere has no say in where we listen.
  const std::string host = options_.host == "localhost" ? "127.0.0.1" : options_.host;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(options_.port).c_str(), &hints, &found) != 0) {
    return Error{ErrorCode::kInvalidArgument, "'" + options_.host + "' is no address"};
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> address(found, ::freeaddrinfo);
  listener_ = Descriptor(
      ::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  const int yes = 1;  // not SO_REUSEPORT: two services would share the port in silence
  ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (listener_.get() < 0 || ::bind(listener_.get(), found->ai_addr, found->ai_addrlen) != 0 ||
      ::listen(listener_.get(), 512) != 0) {
    return Error{ErrorCode::kUnavailable, "cannot listen on " + options_.host + ":" +
                                              std::to_string(options_.port) +
                                              ": the port is taken or not allowed"};
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&bound), &size);
  port_ = ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                                            : reinterpret_cast<sockaddr_in&>(bound).sin_port);
  return true;
}

Result<int> Gate::Impl::start() {
  const auto listening = listen();
  if (!listening) return listening.error();
  epoll_ = Descriptor(::epoll_create1(EPOLL_CLOEXEC));
  waker_ = Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (epoll_.get() < 0 || waker_.get() < 0) {
    return Error{ErrorCode::kResourceExhausted, "no file descriptors are left for HTTP"};
  }
  watch(kListener, listener_.get(), EPOLLIN, EPOLL_CTL_ADD);
  watch(kWaker, waker_.get(), EPOLLIN, EPOLL_CTL_ADD);
  vital_.emplace(2);
  answers_.emplace(options_.answer_threads);
  uploads_.emplace(options_.upload_threads);
  thread_ = std::thread([this] { run(); });
  return port_;
}

void Gate::Impl::stop() {
  stopping_ = true;
  if (waker_.get() >= 0) wake();
  if (thread_.joinable()) thread_.join();
  uploads_.reset();
  answers_.reset();
  vital_.reset();
  connections_.clear();
}

void Gate::Impl::wake() const {
  const std::uint64_t one = 1;
  (void)!::write(waker_.get(), &one, sizeof one);
}

void Gate::Impl::watch(std::uint64_t id, int fd, std::uint32_t events, int operation) const {
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  ::epoll_ctl(epoll_.get(), operation, fd, &event);
}

void Gate::Impl::run() {
  auto last_sweep = Clock::now();
  std::optional<Clock::time_point> until;  // of the end
  while (true) {
    std::array<epoll_event, 64> events;
    const int n = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                               static_cast<int>(kTick.count()));
    for (int i = 0; i < n; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.u64 == kListener) {
        accept();
      } else if (event.data.u64 == kWaker) {
        std::uint64_t count = 0;
        (void)!::read(waker_.get(), &count, sizeof count);
      } else {
        guarded(event.data.u64, [&] { handle(event.data.u64, event.events); });
      }
    }
    take_finished();
    const auto now = Clock::now();
    if (now - last_sweep >= kTick) {
      sweep();
      last_sweep = now;
    }
    if (!stopping_) continue;
    if (!until) {
      until = now + std::chrono::seconds(2);
      listener_ = Descriptor();
    }
    const bool sending = std::ranges::any_of(connections_, [](const auto& entry) {
      return entry.second.state == Connection::State::kSending;
    });
    if (working_ == 0 && (!sending || now >= *until)) return;
  }
}

void Gate::Impl::accept() {
  while (!stopping_) {
    const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      // Without a descriptor left the listener would wake us for ever.
      if (errno == EMFILE || errno == ENFILE) {
        make_room();
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
      return;
    }
    if (connections_.size() >= options_.connections) make_room();
    const int yes = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    const std::uint64_t id = next_id_++;
    connections_.emplace(id, Connection(fd));
    watch(id, fd, EPOLLIN, EPOLL_CTL_ADD);
  }
}

// Closes the connection that has waited longest for bytes of its peer.
void Gate::Impl::make_room() {
  const Connection* oldest = nullptr;
  std::uint64_t which = 0;
  for (const auto& [id, connection] : connections_) {
    if (!connection.waits_for_bytes()) continue;
    if (oldest != nullptr && oldest->pace.since <= connection.pace.since) continue;
    oldest = &connection;
    which = id;
  }
  if (oldest != nullptr) close(which);
}

void Gate::Impl::close(std::uint64_t id) {
  const auto at = connections_.find(id);
  if (at == connections_.end()) return;
  held_ -= at->second.held;
  connections_.erase(at);
}

void Gate::Impl::handle(std::uint64_t id, std::uint32_t events) {
  const auto at = connections_.find(id);
  if (at == connections_.end()) return;
  Connection& connection = at->second;
  if (connection.state == Connection::State::kWorking) return;
  if (connection.state == Connection::State::kSending) {
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) return close(id);
    send(id, connection);
    return advance(id);
  }
  if (receive(id, connection)) advance(id);
}

// Reads what is there.  False: the connection is gone.
bool Gate::Impl::receive(std::uint64_t id, Connection& connection) {
  std::array<char, kBlock> block;
  const bool draining = connection.state == Connection::State::kDraining;
  const ssize_t n = ::recv(connection.socket.get(), block.data(), block.size(), 0);
  if (n > 0) {
    connection.pace.bytes += n;
    if (!draining) connection.in.append(block.data(), static_cast<std::size_t>(n));
    if (!draining || connection.pace.bytes <= kMostDrained) return true;
    close(id);
    return false;
  }
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return true;
  if (n == 0 && connection.state == Connection::State::kBody) {
    const std::string length = connection.head.header("content-length");
    respond(id, connection,
            problem(400, "the body ended after " + std::to_string(connection.in.size()) + " of " +
                             length + " bytes"),
            true, false);
    return false;
  }
  close(id);
  return false;
}

// Takes one step after the other, as far as the bytes that are there allow.
void Gate::Impl::advance(std::uint64_t id) {
  using State = Connection::State;
  while (true) {
    const auto at = connections_.find(id);
    if (at == connections_.end()) return;
    Connection& connection = at->second;
    if (connection.state == State::kIdle && !connection.in.empty()) {
      connection.state = State::kHead;
      connection.pace = Pace{};
    } else if (connection.state == State::kHead) {
      if (!take_head(id, connection)) return;
    } else if (connection.state == State::kBody) {
      if (connection.in.size() < connection.wanted) return;
      return dispatch(id, connection);
    } else {
      return;
    }
  }
}

// False: more bytes are needed.  The connection may be gone afterwards.
bool Gate::Impl::take_head(std::uint64_t id, Connection& connection) {
  // An empty line before a request is passed over (RFC 9112, 2.2).
  if (connection.in.starts_with("\r\n")) connection.in.erase(0, 2);
  const std::string_view seen = std::string_view(connection.in).substr(0, kLongestHead);
  const auto length = head_length(seen);
  if (!length) {
    if (connection.in.size() < kLongestHead) return false;
    respond(id, connection,
            problem(431, "the head of the request has more than " + std::to_string(kLongestHead) +
                             " bytes"),
            true, true);
    return true;
  }
  auto head = parse_head(seen.substr(0, *length));
  connection.in.erase(0, *length);
  if (!head) {
    respond(id, connection, failure(head.error()), true, true);
    return true;
  }
  connection.head = std::move(head).value();
  if (const auto refused = callbacks_.refusal(connection.head)) {
    // Its body is not read, and would be taken for the next request.
    const bool body = connection.head.has_body();
    respond(id, connection, *refused, body || !connection.head.keep_alive, body);
    return true;
  }
  begin_body(id, connection);
  return true;
}

void Gate::Impl::begin_body(std::uint64_t id, Connection& connection) {
  const auto length =
      static_cast<std::size_t>(connection.head.content_length().value_or(std::int64_t{0}));
  connection.lane = callbacks_.lane(connection.head);
  connection.wanted = connection.lane == Lane::kUpload ? std::min(length, kPrefetch) : length;
  if (connection.wanted > kSmallBody && held_ + connection.wanted > kMostHeld) {
    return respond(id, connection,
                   problem(503, "too many requests are being sent at once: send it again"), true,
                   true);
  }
  connection.held = connection.wanted;
  held_ += connection.held;
  connection.state = Connection::State::kBody;
  connection.pace = Pace{};
  if (length > 0 && connection.head.header("expect") == "100-continue") {
    constexpr std::string_view kGoOn = "HTTP/1.1 100 Continue\r\n\r\n";
    (void)!::send(connection.socket.get(), kGoOn.data(), kGoOn.size(), MSG_NOSIGNAL);
  }
}

void Gate::Impl::dispatch(std::uint64_t id, Connection& connection) {
  held_ -= std::exchange(connection.held, 0);
  connection.state = Connection::State::kWorking;
  // A thread has the socket now, or nobody; the peer's silence is not our business meanwhile.
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, connection.socket.get(), nullptr);
  const std::int64_t length = connection.head.content_length().value_or(0);
  // All that is there of the body, which may be more than was waited for.
  const std::size_t here = std::min(connection.in.size(), static_cast<std::size_t>(length));
  Arrival arrival{connection.head, connection.in.substr(0, here), {}};
  connection.in.erase(0, here);
  ThreadLane& lane = connection.lane == Lane::kVital    ? *vital_
                     : connection.lane == Lane::kUpload ? *uploads_
                                                        : *answers_;
  lane.add(
      [this, id, fd = connection.socket.get(), arrival = std::move(arrival), length,
       which = connection.lane]() mutable { work(id, fd, std::move(arrival), length, which); });
  ++working_;
}

// On a thread of a lane.
void Gate::Impl::work(std::uint64_t id, int fd, Arrival arrival, std::int64_t length, Lane lane) {
  Finished done{id, {}, 0};
  if (lane == Lane::kUpload) {
    done.unread = length;
    arrival.rest = [&](const std::function<bool(std::string_view)>& sink) {
      return read_upload(fd, arrival.body, length, done.unread, sink);
    };
  }
  done.response = callbacks_.answer(arrival);
  {
    const std::scoped_lock lock(mutex_);
    finished_.push_back(std::move(done));
  }
  wake();
}

// Hands the body of an upload over, as it comes.  False: it did not come whole, or was not wanted.
bool Gate::Impl::read_upload(int fd, const std::string& first, std::int64_t length,
                             std::int64_t& unread,
                             const std::function<bool(std::string_view)>& sink) const {
  if (unread != length) return false;  // it can be read once
  Pace pace{Clock::now(), static_cast<std::int64_t>(first.size())};
  unread -= static_cast<std::int64_t>(first.size());
  if (!first.empty() && !sink(first)) return false;
  std::array<char, kBlock> block;
  while (unread > 0) {
    const bool crowded = uploads_->waiting() > 0;
    const bool fast = crowded ? pace.keeps(kCrowdedGrace, kCrowdedRate)
                              : pace.keeps(options_.grace, options_.least_rate);
    if (stopping_ || !fast) return false;
    pollfd one{fd, POLLIN, 0};
    if (::poll(&one, 1, static_cast<int>(kTick.count())) <= 0) continue;
    const auto most = std::min<std::int64_t>(unread, static_cast<std::int64_t>(block.size()));
    const ssize_t n = ::recv(fd, block.data(), static_cast<std::size_t>(most), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (n <= 0) return false;
    unread -= n;
    pace.bytes += n;
    if (!sink({block.data(), static_cast<std::size_t>(n)})) return false;
  }
  return true;
}

void Gate::Impl::take_finished() {
  std::vector<Finished> finished;
  {
    const std::scoped_lock lock(mutex_);
    finished.swap(finished_);
  }
  for (const Finished& done : finished) {
    --working_;
    const auto at = connections_.find(done.id);
    if (at == connections_.end()) continue;
    Connection& connection = at->second;
    guarded(done.id, [&] {
      watch(done.id, connection.socket.get(), EPOLLIN, EPOLL_CTL_ADD);
      const bool close = done.unread > 0 || !connection.head.keep_alive || stopping_;
      respond(done.id, connection, done.response, close, done.unread > 0);
      advance(done.id);
    });
  }
}

void Gate::Impl::respond(std::uint64_t id, Connection& connection, const Response& response,
                         bool close, bool drain) {
  const bool bodiless = connection.head.method == "HEAD";
  connection.out = response_head(response, close);
  connection.file.reset();
  if (response.file && !bodiless) connection.file = response.file;
  if (!response.file && !bodiless) connection.out += response.body;
  connection.sent = 0;
  connection.close = close;
  connection.drain = drain;
  held_ -= std::exchange(connection.held, 0);
  connection.state = Connection::State::kSending;
  connection.pace = Pace{};
  watch(id, connection.socket.get(), EPOLLOUT, EPOLL_CTL_MOD);
  send(id, connection);
}

// Sends what the peer takes now.
void Gate::Impl::send(std::uint64_t id, Connection& connection) {
  const int fd = connection.socket.get();
  ssize_t n = 0;
  if (connection.sent < connection.out.size()) {
    n = ::send(fd, connection.out.data() + connection.sent, connection.out.size() - connection.sent,
               MSG_NOSIGNAL);
    if (n > 0) connection.sent += static_cast<std::size_t>(n);
  } else if (connection.file && connection.file->length.count > 0) {
    FileBody& file = *connection.file;
    auto offset = static_cast<off_t>(file.offset);
    const auto most = static_cast<std::size_t>(std::min<std::int64_t>(file.length.count, 1 << 20));
    n = ::sendfile(fd, *file.descriptor, &offset, most);
    if (n == 0) return close(id);  // the file has become shorter: the peer must not think it whole
    if (n > 0) {
      file.offset += n;
      file.length.count -= n;
    }
  }
  if (n < 0) {
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) close(id);
    return;
  }
  connection.pace.bytes += n;
  const bool more = connection.file && connection.file->length.count > 0;
  if (connection.sent == connection.out.size() && !more) sent_all(id, connection);
}

void Gate::Impl::sent_all(std::uint64_t id, Connection& connection) {
  connection.out.clear();
  connection.out.shrink_to_fit();
  connection.file.reset();
  if (connection.close && !connection.drain) return close(id);
  connection.pace = Pace{};
  watch(id, connection.socket.get(), EPOLLIN, EPOLL_CTL_MOD);
  if (connection.close) {
    // Closed at once, with bytes unread, the peer would get a reset and not the answer.
    ::shutdown(connection.socket.get(), SHUT_WR);
    connection.in.clear();
    connection.state = Connection::State::kDraining;
    return;
  }
  connection.state = Connection::State::kIdle;
}

bool Gate::Impl::keeps_pace(const Connection& connection) const {
  const auto age = Clock::now() - connection.pace.since;
  switch (connection.state) {
    case Connection::State::kIdle: return age <= options_.idle_time;
    case Connection::State::kHead: return age <= options_.head_time;
    case Connection::State::kWorking: return true;
    case Connection::State::kDraining: return age <= kDrainTime;
    case Connection::State::kBody:
    case Connection::State::kSending:
      return connection.pace.keeps(options_.grace, options_.least_rate);
  }
  return true;
}

void Gate::Impl::sweep() {
  std::vector<std::uint64_t> late;
  for (const auto& [id, connection] : connections_) {
    const bool ended = stopping_ && connection.waits_for_bytes();
    if (ended || !keeps_pace(connection)) late.push_back(id);
  }
  for (const std::uint64_t id : late) close(id);
}

Gate::Gate(GateOptions options, GateCallbacks callbacks)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(callbacks))) {}
Gate::~Gate() = default;

Result<int> Gate::start() {
  return impl_->start();
}

void Gate::stop() {
  impl_->stop();
}

}  // namespace pare::coordinator
