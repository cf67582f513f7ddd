// The dispatcher over real ZeroMQ sockets, with the store in memory and a worker played by hand.
#include "coordinator/dispatch/dispatcher.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <zmq.hpp>

#include "coordinator/store/memory_queue.h"
#include "tests/support/one_by_one.h"
#include "wire/worker_messages.h"

namespace pare::coordinator {
namespace {

using std::chrono::milliseconds;

constexpr const char* kAda = "00000000-0000-0000-0000-00000000000a";
constexpr const char* kBen = "00000000-0000-0000-0000-00000000000b";
constexpr const char* kOutcome =
    R"({"ok": false, "code": "unsupported", "reason": "no", "seconds": 1})";

NewTask build_task() {
  NewTask task;
  task.kind = TaskKind::kBuild;
  task.document_json = R"({"kind":"build"})";
  return task;
}

class HandWorker {
 public:
  HandWorker(const std::string& endpoint, std::string session)
      : session_(std::move(session)), socket_(context_, zmq::socket_type::dealer) {
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::rcvtimeo, 10'000);
    socket_.connect(endpoint);
  }
  void send(decltype(wire::FromWorker::body) body) {
    send_bytes(wire::encode(wire::FromWorker{session_, std::move(body)}));
  }
  void send_bytes(const std::string& bytes) {
    socket_.send(zmq::buffer(bytes), zmq::send_flags::none);
  }
  // The next message, which must be a T.
  template <typename T>
  T expect() {
    zmq::message_t frame;
    if (!socket_.recv(frame)) throw std::runtime_error("no answer within ten seconds");
    const auto message = wire::decode_to_worker(frame.to_string_view());
    if (!message) throw std::runtime_error(message.error().message);
    if (!std::holds_alternative<T>(message.value())) {
      throw std::runtime_error("another message: index " + std::to_string(message.value().index()));
    }
    return std::get<T>(message.value());
  }
  void hello(const std::string& device = "device") {
    send(wire::Hello{"w", device, "{}", {"default"}, {{"ort", "1", {"fp32"}}}});
    expect<wire::Welcome>();
  }

 private:
  std::string session_;
  zmq::context_t context_;
  zmq::socket_t socket_;
};

class DispatcherTest : public testing::Test {
 protected:
  explicit DispatcherTest(milliseconds silence = std::chrono::seconds(60))
      : store_(make_memory_queue({silence, {}})) {
    options_.endpoint = "tcp://127.0.0.1:*";
    options_.silence = silence;
    options_.tick = milliseconds(20);
    start();
  }
  void start() {
    dispatcher_ = std::make_unique<Dispatcher>(*store_, options_, [this] {
      ++changes_;
      changes_.notify_all();
    });
    const auto endpoint = dispatcher_->start();
    if (!endpoint) throw std::runtime_error(endpoint.error().message);
    endpoint_ = endpoint.value();
  }
  // The store hears of it a moment later.
  template <typename Condition>
  static bool soon(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }
  void wait_for_a_change(int beyond = 0) { changes_.wait(beyond); }

  std::unique_ptr<MemoryQueue> store_;
  DispatchOptions options_;
  std::atomic<int> changes_{0};
  std::string endpoint_;
  std::unique_ptr<Dispatcher> dispatcher_;  // last: it uses all the others
};

TEST_F(DispatcherTest, a_worker_says_hello_gets_a_task_and_reports_it) {
  const TaskId task = queue_one(*store_, build_task()).value();
  HandWorker worker(endpoint_, kAda);
  worker.hello();
  worker.send(wire::LeaseRequest{});
  const Lease lease = worker.expect<Lease>();
  EXPECT_EQ(lease.task, task);
  EXPECT_EQ(lease.attempt, 1);
  EXPECT_EQ(lease.document, R"({"kind":"build"})");
  worker.send(wire::Heartbeat{{{task, 1, 0.5, "half"}}});
  EXPECT_TRUE(worker.expect<wire::HeartbeatReply>().drop.empty());
  EXPECT_TRUE(soon([&] { return store_->task(task).value().message == "half"; }));
  worker.send(wire::TaskReport{task, 1, kOutcome});
  EXPECT_EQ(worker.expect<wire::ReportReply>().verdict, ReportVerdict::kRecorded);
  wait_for_a_change();
  EXPECT_EQ(store_->unhandled_tasks(1).value().at(0).id, task);
  worker.send(wire::TaskReport{task, 1, kOutcome});
  EXPECT_EQ(worker.expect<wire::ReportReply>().verdict, ReportVerdict::kAlreadyRecorded);
  worker.send(wire::TaskReport{TaskId{99}, 1, kOutcome});
  EXPECT_EQ(worker.expect<wire::ReportReply>().verdict, ReportVerdict::kStale);
}

TEST_F(DispatcherTest, an_idle_worker_gets_work_when_it_appears) {
  HandWorker worker(endpoint_, kAda);
  worker.hello();
  worker.send(wire::LeaseRequest{});
  worker.send(wire::Heartbeat{});
  worker.expect<wire::HeartbeatReply>();  // the request was heard before
  const TaskId task = queue_one(*store_, build_task()).value();
  dispatcher_->wake();
  EXPECT_EQ(worker.expect<Lease>().task, task);
}

TEST_F(DispatcherTest, whatever_cannot_be_read_is_refused_and_the_link_goes_on) {
  HandWorker worker(endpoint_, kAda);
  worker.send_bytes("");
  worker.expect<wire::Refusal>();
  worker.send_bytes(std::string(100'000, '\xff'));
  worker.expect<wire::Refusal>();
  worker.send_bytes(std::string("\x08\x02", 2));
  EXPECT_NE(worker.expect<wire::Refusal>().reason.find("protocol 2"), std::string::npos);
  worker.send(wire::LeaseRequest{});
  EXPECT_NE(worker.expect<wire::Refusal>().reason.find("say hello"), std::string::npos);
  worker.hello();
}

TEST_F(DispatcherTest, a_restarted_coordinator_takes_its_workers_back_with_their_tasks) {
  const TaskId task = queue_one(*store_, build_task()).value();
  HandWorker worker(endpoint_, kAda);
  worker.hello();
  worker.send(wire::LeaseRequest{});
  worker.expect<Lease>();
  dispatcher_->stop();
  options_.endpoint = endpoint_;
  start();
  const wire::Heartbeat heartbeat{{{task, 1, 0.5, ""}}};
  worker.send(heartbeat);
  worker.expect<wire::Refusal>();
  worker.hello();
  worker.send(heartbeat);
  EXPECT_TRUE(worker.expect<wire::HeartbeatReply>().drop.empty());
  worker.send(wire::TaskReport{task, 1, kOutcome});
  EXPECT_EQ(worker.expect<wire::ReportReply>().verdict, ReportVerdict::kRecorded);
}

TEST_F(DispatcherTest, a_goodbye_gives_the_task_to_the_next_worker_at_once) {
  const TaskId task = queue_one(*store_, build_task()).value();
  HandWorker first(endpoint_, kAda);
  first.hello();
  first.send(wire::LeaseRequest{});
  first.expect<Lease>();
  HandWorker second(endpoint_, kBen);
  second.hello();
  second.send(wire::LeaseRequest{});
  first.send(wire::Goodbye{});
  const Lease lease = second.expect<Lease>();
  EXPECT_EQ(lease.task, task);
  EXPECT_EQ(lease.attempt, 2);
}

TEST_F(DispatcherTest, a_cancelled_task_is_named_soon_after_a_heartbeat) {
  const TaskId task = queue_one(*store_, build_task()).value();
  HandWorker worker(endpoint_, kAda);
  worker.hello();
  worker.send(wire::LeaseRequest{});
  worker.expect<Lease>();
  ASSERT_TRUE(store_->retire(kAda));  // as cancelling does: the lease is over
  ASSERT_TRUE(store_->greet(kAda, {"w", "device", "{}", {}, {}}));
  worker.send(wire::Heartbeat{{{task, 1, 0.5, ""}}});
  EXPECT_TRUE(worker.expect<wire::HeartbeatReply>().drop.empty()) << "answered from memory";
  EXPECT_EQ(worker.expect<wire::HeartbeatReply>().drop, std::vector{task});
}

TEST_F(DispatcherTest, an_endpoint_that_cannot_be_bound_is_refused_with_its_name) {
  Dispatcher second(*store_, {.endpoint = endpoint_}, [] {});
  const auto refused = second.start();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find(endpoint_), std::string::npos);
}

class ImpatientDispatcherTest : public DispatcherTest {
 protected:
  ImpatientDispatcherTest() : DispatcherTest(milliseconds(1500)) {}
};

TEST_F(ImpatientDispatcherTest, a_silent_worker_loses_its_task_and_a_live_one_gets_it) {
  const TaskId task = queue_one(*store_, build_task()).value();
  HandWorker silent(endpoint_, kAda);
  silent.hello();
  silent.send(wire::LeaseRequest{});
  silent.expect<Lease>();
  HandWorker live(endpoint_, kBen);
  const auto begin = std::chrono::steady_clock::now();
  wait_for_a_change();  // nobody spoke: the lease ran out
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  live.hello();
  live.send(wire::LeaseRequest{});
  const Lease lease = live.expect<Lease>();
  EXPECT_EQ(lease.task, task);
  EXPECT_EQ(lease.attempt, 2);
  // The store counts its silence from the hello, the protocol from the request after it: whether
  // the session is still known is open, so the worker says hello as one that was refused does.
  silent.hello();
  silent.send(wire::TaskReport{task, 1, kOutcome});
  EXPECT_EQ(silent.expect<wire::ReportReply>().verdict, ReportVerdict::kStale);
}

}  // namespace
}  // namespace pare::coordinator
