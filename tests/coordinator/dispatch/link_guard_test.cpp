// The workers' link with keys, over real ZeroMQ sockets.
#include "coordinator/dispatch/link_guard.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <vector>

#include "coordinator/dispatch/dispatcher.h"
#include "coordinator/store/memory_queue.h"
#include "wire/worker_messages.h"

namespace pare::coordinator {
namespace {

constexpr const char* kAda = "00000000-0000-0000-0000-00000000000a";
constexpr const char* kBen = "00000000-0000-0000-0000-00000000000b";

LinkKeys new_keys() {
  std::array<char, 41> open{}, secret{};
  ::zmq_curve_keypair(open.data(), secret.data());
  return {open.data(), secret.data()};
}

// A worker's end, and what becomes of its connection.
class Caller {
 public:
  Caller(const std::string& endpoint, const std::string& server_key, const LinkKeys& own)
      : socket_(context_, zmq::socket_type::dealer) {
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::rcvtimeo, 10'000);
    ::zmq_socket_monitor(socket_.handle(), "inproc://events",
                         ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                             ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                             ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_DISCONNECTED);
    events_.set(zmq::sockopt::linger, 0);
    events_.set(zmq::sockopt::rcvtimeo, 10'000);
    events_.connect("inproc://events");
    if (!server_key.empty()) {
      socket_.set(zmq::sockopt::curve_serverkey, server_key);
      socket_.set(zmq::sockopt::curve_publickey, own.public_key);
      socket_.set(zmq::sockopt::curve_secretkey, own.secret_key);
    }
    socket_.connect(endpoint);
  }
  ~Caller() { ::zmq_socket_monitor(socket_.handle(), nullptr, 0); }

  bool is_let_in() {
    zmq::message_t event, address;
    if (!events_.recv(event) || !events_.recv(address)) return false;
    std::uint16_t kind = 0;
    std::memcpy(&kind, event.data(), sizeof kind);
    return kind == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
  }
  void send(const char* session, decltype(wire::FromWorker::body) body) {
    const std::string bytes = wire::encode(wire::FromWorker{session, std::move(body)});
    socket_.send(zmq::buffer(bytes), zmq::send_flags::none);
  }
  bool is_welcome() {
    zmq::message_t frame;
    if (!socket_.recv(frame)) return false;
    const auto message = wire::decode_to_worker(frame.to_string_view());
    return message && std::holds_alternative<wire::Welcome>(message.value());
  }

 private:
  zmq::context_t context_;
  zmq::socket_t socket_;
  zmq::socket_t events_{context_, zmq::socket_type::pair};
};

wire::Hello hello() {
  return {"w", "device", "{}", {"default"}, {{"ort", "1", {"fp32"}}}};
}

class Guarded : public testing::Test {
 protected:
  Guarded() {
    options_.endpoint = "tcp://127.0.0.1:*";
    options_.keys = server_;
    options_.worker_of = [this](const std::string& key) -> std::optional<std::string> {
      if (key == ada_.public_key) return "ada";
      if (key == ben_.public_key) return "ben";
      return std::nullopt;
    };
    options_.log = [this](const std::string& line) {
      const std::scoped_lock lock(mutex_);
      logged_.push_back(line);
      said_.notify_all();
    };
    dispatcher_ = std::make_unique<Dispatcher>(*store_, options_, [] {});
    endpoint_ = dispatcher_->start().value();
  }
  bool is_logged(const std::string& words) {
    std::unique_lock lock(mutex_);
    return said_.wait_for(lock, std::chrono::seconds(10), [&] {
      return std::ranges::any_of(
          logged_, [&](const std::string& line) { return line.find(words) != std::string::npos; });
    });
  }

  const LinkKeys server_ = new_keys(), ada_ = new_keys(), ben_ = new_keys();
  std::mutex mutex_;
  std::condition_variable said_;
  std::vector<std::string> logged_;
  std::unique_ptr<MemoryQueue> store_ = make_memory_queue({std::chrono::seconds(60), {}});
  DispatchOptions options_;
  std::string endpoint_;
  std::unique_ptr<Dispatcher> dispatcher_;  // last: it uses all the others
};

TEST_F(Guarded, a_worker_whose_key_is_known_is_let_in_and_welcome) {
  Caller worker(endpoint_, server_.public_key, ada_);
  EXPECT_TRUE(worker.is_let_in());
  worker.send(kAda, hello());
  EXPECT_TRUE(worker.is_welcome());
}

TEST_F(Guarded, nobody_else_is_let_in) {
  Caller stranger(endpoint_, server_.public_key, new_keys());
  EXPECT_FALSE(stranger.is_let_in());
  Caller in_the_open(endpoint_, "", {});
  EXPECT_FALSE(in_the_open.is_let_in());
  // Somebody else's key for the coordinator: the worker finds out, too.
  Caller deceived(endpoint_, new_keys().public_key, ada_);
  EXPECT_FALSE(deceived.is_let_in());
}

TEST_F(Guarded, a_worker_speaks_for_its_own_session_alone) {
  Caller ada(endpoint_, server_.public_key, ada_), ben(endpoint_, server_.public_key, ben_);
  ada.send(kAda, hello());
  ASSERT_TRUE(ada.is_welcome());
  ben.send(kAda, wire::Goodbye{});
  EXPECT_TRUE(is_logged("\"ben\" spoke for the session of another"));
  ben.send(kBen, hello());
  EXPECT_TRUE(ben.is_welcome());
  const auto workers = store_->workers();
  ASSERT_TRUE(workers && workers.value().size() == 2U);
  for (const Worker& worker : workers.value()) {
    EXPECT_NE(worker.state, WorkerState::kLost) << worker.session;
  }
}

TEST(LinkKeys, are_made_once_and_only_their_user_can_read_them) {
  const auto file = std::filesystem::path(testing::TempDir()) / "pare_link.keys";
  std::filesystem::remove(file);
  const LinkKeys made = keep_link_keys(file).value();
  struct stat facts {};
  ASSERT_EQ(::stat(file.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
  EXPECT_EQ(keep_link_keys(file).value().secret_key, made.secret_key);
  std::ofstream(file) << "no keys\n";
  const auto broken = keep_link_keys(file);
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().message.find(file.string()), std::string::npos);
  std::filesystem::remove(file);
  EXPECT_FALSE(keep_link_keys(file / "nowhere"));
}

}  // namespace
}  // namespace pare::coordinator
