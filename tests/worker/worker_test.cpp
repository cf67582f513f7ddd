// pare-worker itself, against a real ROUTER, a real HTTP server and an engine that is a script.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <optional>
#include <zmq.hpp>

#include "host/child.h"
#include "tests/worker/support/blob_server.h"
#include "tests/worker/support/fake_engine.h"
#include "wire/sha256.h"
#include "wire/task_json.h"
#include "wire/worker_messages.h"

namespace pare::worker {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kDeadline{30};

// The coordinator's end, played by hand: one message in, at most one message out.
class Coordinator {
 public:
  Coordinator() : socket_(context_, zmq::socket_type::router) {
    socket_.set(zmq::sockopt::linger, 0);
    socket_.bind("tcp://127.0.0.1:*");
    endpoint_ = socket_.get(zmq::sockopt::last_endpoint);
  }

  const std::string& endpoint() const { return endpoint_; }

  // The next message of this type; whatever else comes meanwhile is given to `meanwhile`.
  template <typename T>
  std::optional<T> next(const std::function<void(const wire::FromWorker&)>& meanwhile = {}) {
    const auto deadline = Clock::now() + kDeadline;
    while (Clock::now() < deadline) {
      zmq::pollitem_t wait{socket_.handle(), 0, ZMQ_POLLIN, 0};
      zmq::poll(&wait, 1, milliseconds(1000));
      zmq::message_t from, bytes;
      if (!socket_.recv(from, zmq::recv_flags::dontwait)) continue;
      EXPECT_TRUE(socket_.recv(bytes, zmq::recv_flags::none));
      peer_ = from.to_string();
      auto message = wire::decode_from_worker(bytes.to_string_view());
      EXPECT_TRUE(message) << message.error().message;
      session_ = message.value().session;
      if (const auto* wanted = std::get_if<T>(&message.value().body)) return *wanted;
      if (meanwhile) meanwhile(message.value());
    }
    return std::nullopt;
  }

  void send(const wire::ToWorker& message) {
    socket_.send(zmq::buffer(peer_), zmq::send_flags::sndmore);
    socket_.send(zmq::buffer(wire::encode(message)), zmq::send_flags::none);
  }

  const std::string& session() const { return session_; }

 private:
  zmq::context_t context_;
  zmq::socket_t socket_;
  std::string endpoint_, peer_, session_;
};

class Worker : public testing::Test {
 protected:
  Worker() : folder_(fs::temp_directory_path() / ("pare-worker-" + std::to_string(::getpid()))) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    std::ofstream(folder_ / "runtimes.json") << R"({
      "fake": ["/bin/sh", "-c", "read x; echo '{\"contract\":1,\"runtime\":\"fake\",\"version\":\"3.1\",\"versions\":{},\"precisions\":[\"fp32\"],\"devices\":[\"CPU\"]}'"],
      "broken": ["/bin/sh", "-c", "echo no driver >&2; exit 1"]})";
  }
  ~Worker() override {
    child_.reset();
    fs::remove_all(folder_);
  }

  void start(const std::string& script) {
    const fs::path engine = test::write_engine(folder_ / "engine", script);
    auto started = host::Child::start({.command = {PARE_WORKER,
                                                   "--coordinator",
                                                   server_.url(),
                                                   "--endpoint",
                                                   coordinator_.endpoint(),
                                                   "--name",
                                                   "w1",
                                                   "--pool",
                                                   "default,boards",
                                                   "--cache",
                                                   (folder_ / "cache").string(),
                                                   "--scratch",
                                                   (folder_ / "scratch").string(),
                                                   "--engine",
                                                   engine.string(),
                                                   "--runtimes",
                                                   (folder_ / "runtimes.json").string(),
                                                   "--cores",
                                                   "0",
                                                   "--device-id",
                                                   "board-7"}});
    ASSERT_TRUE(started) << started.error().message;
    child_.emplace(std::move(started).value());
  }
  // Up to the first lease request.
  wire::Hello welcome() {
    auto hello = coordinator_.next<wire::Hello>();
    EXPECT_TRUE(hello);
    coordinator_.send(wire::Welcome{.heartbeat_ms = 100});
    EXPECT_TRUE(coordinator_.next<wire::LeaseRequest>());
    return hello.value_or(wire::Hello{});
  }
  void lease(std::int64_t task, int attempt = 1, Millis limit = seconds(60)) {
    coordinator_.send(Lease{.task = {task},
                            .attempt = attempt,
                            .document = test::build_task(server_),
                            .time_limit = limit});
  }
  // The next heartbeat for which `wanted` holds; every heartbeat is answered.
  std::optional<wire::Heartbeat> heartbeat(
      const std::function<bool(const wire::Heartbeat&)>& wanted) {
    for (int beats = 0; beats < 300; ++beats) {
      const auto beat = coordinator_.next<wire::Heartbeat>();
      if (!beat) return std::nullopt;
      coordinator_.send(wire::HeartbeatReply{});
      if (wanted(*beat)) return beat;
    }
    return std::nullopt;
  }
  wire::TaskOutcome outcome_of(const wire::TaskReport& report) {
    auto outcome = wire::parse_outcome(report.outcome_json, TaskKind::kBuild);
    EXPECT_TRUE(outcome) << outcome.error().message;
    return std::move(outcome).value();
  }

  fs::path folder_;
  test::BlobServer server_;
  Coordinator coordinator_;
  std::optional<host::Child> child_;
};

TEST_F(Worker, says_what_it_is_and_leaves_out_a_harness_that_does_not_answer) {
  start(test::kSucceed);
  const wire::Hello hello = welcome();
  EXPECT_EQ(hello.name, "w1");
  EXPECT_EQ(hello.device_id, "board-7");
  EXPECT_THAT(hello.pools, testing::ElementsAre("default", "boards"));
  EXPECT_THAT(hello.runtimes, testing::ElementsAre(RuntimeInfo{
                                  .name = "fake", .version = "3.1", .precisions = {"fp32"}}));
  EXPECT_THAT(hello.device_json, testing::HasSubstr("\"cpu_model\""));
}

TEST_F(Worker, runs_a_task_and_fetches_its_blobs_once) {
  start(test::kSucceed);
  welcome();
  for (int attempt = 1; attempt <= 2; ++attempt) {
    lease(7, attempt);
    const auto report = coordinator_.next<wire::TaskReport>();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->attempt, attempt);
    const auto outcome = outcome_of(*report);
    EXPECT_TRUE(std::holds_alternative<wire::TaskSuccess>(outcome.end)) << report->outcome_json;
    coordinator_.send(wire::ReportReply{{7}, attempt, ReportVerdict::kRecorded});
  }
  EXPECT_EQ(server_.gets(), 2);  // model and statistics
  EXPECT_EQ(server_.puts(), 2);  // the candidate, each time
}

TEST_F(Worker, heartbeats_go_on_with_progress_while_the_child_is_busy) {
  start("echo '{\"progress\": 0.4, \"message\": \"images 51 of 128\"}'; exec sleep 1000");
  welcome();
  lease(7);
  const auto beat = heartbeat([](const wire::Heartbeat& one) {
    return !one.running.empty() && one.running[0].progress == 0.4;
  });
  ASSERT_TRUE(beat);
  EXPECT_EQ(beat->running[0].message, "images 51 of 128");
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(heartbeat([](const wire::Heartbeat& one) { return one.running.size() == 1; }));
  }
}

TEST_F(Worker, a_dropped_task_is_killed_and_the_worker_asks_for_another) {
  start("echo $$ > " + (folder_ / "pid").string() +
        "; echo '{\"progress\": 0.5}'; exec sleep 1000");
  welcome();
  lease(7);
  ASSERT_TRUE(heartbeat([](const wire::Heartbeat& one) {
    return !one.running.empty() && one.running[0].progress == 0.5;
  }));
  const auto dropped = Clock::now();
  coordinator_.send(wire::HeartbeatReply{{TaskId{7}}});
  bool reported = false;
  ASSERT_TRUE(coordinator_.next<wire::LeaseRequest>([&](const wire::FromWorker& message) {
    reported |= std::holds_alternative<wire::TaskReport>(message.body);
  }));
  EXPECT_LT(Clock::now() - dropped, seconds(4));
  EXPECT_FALSE(reported);
  pid_t pid = 0;
  std::ifstream(folder_ / "pid") >> pid;
  EXPECT_EQ(::kill(pid, 0), -1);
}

TEST_F(Worker, a_crash_of_the_child_is_a_failure_and_not_the_end_of_the_worker) {
  start("kill -SEGV $$");
  welcome();
  lease(7);
  const auto report = coordinator_.next<wire::TaskReport>();
  ASSERT_TRUE(report);
  const auto outcome = outcome_of(*report);
  const auto& failed = std::get<wire::TaskFailure>(outcome.end);
  EXPECT_EQ(failed.code, ErrorCode::kInternal);
  EXPECT_THAT(failed.reason, testing::HasSubstr("signal 11"));
  EXPECT_TRUE(coordinator_.next<wire::LeaseRequest>());
}

TEST_F(Worker, a_report_whose_answer_was_lost_is_sent_again) {
  start(test::kSucceed);
  welcome();
  lease(7);
  const auto first = coordinator_.next<wire::TaskReport>();
  const auto again = coordinator_.next<wire::TaskReport>();
  ASSERT_TRUE(first && again);
  EXPECT_EQ(*first, *again);
}

TEST_F(Worker, a_report_outlives_the_worker_until_it_is_answered) {
  start(test::kSucceed);
  welcome();
  lease(7);
  const auto report = coordinator_.next<wire::TaskReport>();
  ASSERT_TRUE(report);
  const std::string session = coordinator_.session();
  child_->kill();

  start(test::kSucceed);
  ASSERT_TRUE(coordinator_.next<wire::Hello>());
  EXPECT_NE(coordinator_.session(), session);
  coordinator_.send(wire::Welcome{.heartbeat_ms = 100});
  EXPECT_EQ(coordinator_.next<wire::TaskReport>(), *report);
  coordinator_.send(wire::ReportReply{{7}, 1, ReportVerdict::kAlreadyRecorded});
  ASSERT_TRUE(heartbeat([](const wire::Heartbeat& one) { return one.running.empty(); }));
  EXPECT_TRUE(fs::is_empty(folder_ / "scratch/outbox"));
}

TEST_F(Worker, a_session_that_is_not_known_says_hello_again_and_keeps_its_task) {
  start("echo '{\"progress\": 0.5}'; exec sleep 1000");
  welcome();
  lease(7);
  ASSERT_TRUE(heartbeat([](const wire::Heartbeat& one) { return one.running.size() == 1; }));
  coordinator_.send(wire::Refusal{"unknown session"});
  ASSERT_TRUE(coordinator_.next<wire::Hello>());
  coordinator_.send(wire::Welcome{.heartbeat_ms = 100});
  EXPECT_TRUE(heartbeat([](const wire::Heartbeat& one) { return one.running.size() == 1; }));
}

TEST_F(Worker, asked_to_stop_it_kills_the_child_says_goodbye_and_ends_well) {
  start("echo $$ > " + (folder_ / "pid").string() +
        "; echo '{\"progress\": 0.5}'; exec sleep 1000");
  welcome();
  lease(7);
  ASSERT_TRUE(heartbeat([](const wire::Heartbeat& one) {
    return !one.running.empty() && one.running[0].progress == 0.5;
  }));
  child_->terminate();
  EXPECT_TRUE(coordinator_.next<wire::Goodbye>());
  pollfd wait{child_->ended(), POLLIN, 0};
  ASSERT_EQ(::poll(&wait, 1, 30'000), 1);
  EXPECT_EQ(child_->poll(), host::ExitStatus{});
  pid_t pid = 0;
  std::ifstream(folder_ / "pid") >> pid;
  EXPECT_EQ(::kill(pid, 0), -1);
}

TEST_F(Worker, measures_while_a_task_of_its_own_stands_still_which_goes_on_afterwards) {
  // The first to run lasts until the file is there; the second ends at once.
  const std::string first = (folder_ / "first").string(), go = (folder_ / "go").string();
  start("if [ -n \"$OUTCOME\" ] && mkdir " + first +
        " 2>/dev/null; then echo '{\"progress\": 0.5}'; while [ ! -e " + go +
        " ]; do sleep 0.01; done; fi; " + test::kSucceed);
  welcome();
  lease(7);
  ASSERT_TRUE(heartbeat([](const wire::Heartbeat& one) {
    return !one.running.empty() && one.running[0].progress == 0.5;
  }));
  coordinator_.send(wire::HeartbeatReply{{}, {{TaskId{7}, 1, 1}}});
  ASSERT_TRUE(heartbeat([](const wire::Heartbeat& one) {
    return !one.running.empty() && one.running[0].suspension == 1;
  }));
  std::ofstream(go) << "it may end, and does not: it stands still";
  ASSERT_TRUE(coordinator_.next<wire::LeaseRequest>());
  lease(8);
  const auto measured = coordinator_.next<wire::TaskReport>();
  ASSERT_TRUE(measured);
  EXPECT_EQ(measured->task, TaskId{8});
  coordinator_.send(wire::ReportReply{{8}, 1, ReportVerdict::kRecorded});
  coordinator_.send(wire::HeartbeatReply{{}, {{TaskId{7}, 1, 2}}});
  const auto lasting = coordinator_.next<wire::TaskReport>();
  ASSERT_TRUE(lasting);
  EXPECT_EQ(lasting->task, TaskId{7});
  EXPECT_TRUE(std::holds_alternative<wire::TaskSuccess>(outcome_of(*lasting).end));
}

TEST_F(Worker, that_is_started_anew_says_which_session_is_gone) {
  start("echo '{\"progress\": 0.5}'; exec sleep 1000");
  EXPECT_EQ(welcome().replaces, "");
  const std::string session = coordinator_.session();
  child_->kill();
  start(test::kSucceed);
  EXPECT_EQ(welcome().replaces, session);
}

TEST_F(Worker, a_second_worker_on_the_same_scratch_folder_is_refused) {
  start(test::kSucceed);
  welcome();
  auto first = std::move(child_);
  start(test::kSucceed);
  pollfd wait{child_->ended(), POLLIN, 0};
  ASSERT_EQ(::poll(&wait, 1, 30'000), 1);
  EXPECT_EQ(child_->poll(), (host::ExitStatus{.code = 1}));
}

}  // namespace
}  // namespace pare::worker
