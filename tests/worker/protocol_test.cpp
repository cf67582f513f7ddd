#include "worker/link/protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pare::worker {
namespace {

using std::chrono::milliseconds;

constexpr Instant kStart{};

Lease lease(std::int64_t task, int attempt = 1) {
  return {.task = {task}, .attempt = attempt, .document = "{}", .time_limit = Millis(1000)};
}

wire::TaskReport report(std::int64_t task, int attempt = 1) {
  return {.task = {task}, .attempt = attempt, .outcome_json = "{\"ok\": true}"};
}

template <typename T>
int count(const Actions& actions) {
  int found = 0;
  for (const Action& action : actions) {
    if constexpr (std::is_same_v<T, Start> || std::is_same_v<T, Kill> ||
                  std::is_same_v<T, Suspend> || std::is_same_v<T, Forget> ||
                  std::is_same_v<T, Reconnect>) {
      found += std::holds_alternative<T>(action);
    } else if (const auto* send = std::get_if<Send>(&action)) {
      found += std::holds_alternative<T>(send->message.body);
    }
  }
  return found;
}

// The tasks named by the heartbeat among the actions.
std::vector<std::int64_t> named(const Actions& actions) {
  std::vector<std::int64_t> tasks;
  for (const Action& action : actions) {
    const auto* send = std::get_if<Send>(&action);
    const auto* beat = send ? std::get_if<wire::Heartbeat>(&send->message.body) : nullptr;
    if (beat == nullptr) continue;
    for (const RunningTask& running : beat->running) tasks.push_back(running.task.value);
  }
  return tasks;
}

class ProtocolTest : public testing::Test {
 protected:
  explicit ProtocolTest(std::vector<wire::TaskReport> unanswered = {})
      : protocol_("5f0c2c4e-0000-4000-8000-000000000000", WorkerProfile{}, std::move(unanswered)) {}

  Actions tick(int ms) { return protocol_.tick(at(ms)); }
  Actions receive(const wire::ToWorker& message, int ms) {
    return protocol_.received(message, at(ms));
  }
  static Instant at(int ms) { return kStart + milliseconds(ms); }
  void welcome() {
    tick(0);
    receive(wire::Welcome{}, 0);
  }

  Protocol protocol_;
};

TEST_F(ProtocolTest, hello_is_said_until_it_is_answered_and_nothing_else) {
  EXPECT_EQ(count<wire::Hello>(tick(0)), 1);
  EXPECT_TRUE(tick(500).empty());
  const Actions again = tick(1000);
  EXPECT_EQ(count<wire::Hello>(again), 1);
  EXPECT_EQ(again.size(), 1U);
  const Actions welcomed = receive(wire::Welcome{}, 1100);
  EXPECT_EQ(count<wire::Heartbeat>(welcomed), 1);
  EXPECT_EQ(count<wire::LeaseRequest>(welcomed), 1);
  EXPECT_EQ(count<wire::Hello>(tick(3000)), 0);
}

TEST_F(ProtocolTest, a_heartbeat_goes_out_every_interval_and_names_the_task_that_runs) {
  welcome();
  EXPECT_EQ(count<Start>(receive(lease(7), 100)), 1);
  protocol_.progressed({TaskId{7}, 1}, 0.5, "images 5 of 10");
  EXPECT_EQ(count<wire::Heartbeat>(tick(900)), 0);
  EXPECT_THAT(named(tick(1000)), testing::ElementsAre(7));
  EXPECT_EQ(count<wire::Heartbeat>(tick(1200)), 0);
  EXPECT_THAT(named(tick(2000)), testing::ElementsAre(7));
}

TEST_F(ProtocolTest, a_worker_that_is_busy_asks_for_nothing) {
  welcome();
  receive(lease(7), 100);
  for (int ms = 200; ms < 4000; ms += 200) EXPECT_EQ(count<wire::LeaseRequest>(tick(ms)), 0);
}

TEST_F(ProtocolTest, a_request_that_was_lost_is_made_again) {
  welcome();
  for (int ms = 1000; ms < 10'000; ms += 1000) {
    receive(wire::HeartbeatReply{}, ms);
    EXPECT_EQ(count<wire::LeaseRequest>(tick(ms)), 0) << "the coordinator remembers it";
  }
  EXPECT_EQ(count<wire::LeaseRequest>(tick(10'000)), 1);
}

TEST_F(ProtocolTest, a_lease_that_crosses_with_another_waits_and_is_kept_alive) {
  welcome();
  receive(lease(7), 100);
  EXPECT_EQ(count<Start>(receive(lease(8), 110)), 0);
  EXPECT_EQ(count<Start>(receive(lease(8), 120)), 0);  // and again
  EXPECT_THAT(named(tick(1000)), testing::ElementsAre(7, 8));
  const Actions actions = protocol_.ended({TaskId{7}, 1}, report(7), at(1100));
  EXPECT_EQ(count<Start>(actions), 1);
  EXPECT_EQ(count<wire::LeaseRequest>(actions), 0);
}

TEST_F(ProtocolTest, a_lease_that_arrives_twice_is_run_once) {
  welcome();
  EXPECT_EQ(count<Start>(receive(lease(7), 100)), 1);
  EXPECT_EQ(count<Start>(receive(lease(7), 110)), 0);
  const Actions actions = protocol_.ended({TaskId{7}, 1}, report(7), at(200));
  EXPECT_EQ(count<Start>(actions), 0);
  EXPECT_EQ(count<Start>(receive(lease(7), 210)), 0);  // its report is on the way
}

TEST_F(ProtocolTest, a_dropped_task_is_killed_once_and_never_reported) {
  welcome();
  receive(lease(7), 100);
  EXPECT_EQ(count<Kill>(receive(wire::HeartbeatReply{{TaskId{7}}}, 1000)), 1);
  EXPECT_EQ(count<Kill>(receive(wire::HeartbeatReply{{TaskId{7}}}, 2000)), 0);
  EXPECT_THAT(named(tick(2000)), testing::IsEmpty());
  // It ended at the same moment, with a result.
  const Actions actions = protocol_.ended({TaskId{7}, 1}, report(7), at(2100));
  EXPECT_EQ(count<wire::TaskReport>(actions), 0);
  EXPECT_EQ(count<Forget>(actions), 1);
  EXPECT_EQ(count<wire::LeaseRequest>(actions), 1);
}

TEST_F(ProtocolTest, a_waiting_lease_that_is_dropped_never_starts) {
  welcome();
  receive(lease(7), 100);
  receive(lease(8), 110);
  receive(wire::HeartbeatReply{{TaskId{8}}}, 1000);
  EXPECT_EQ(count<Start>(protocol_.ended({TaskId{7}, 1}, report(7), at(1100))), 0);
}

TEST_F(ProtocolTest, a_report_is_sent_until_it_is_answered_while_new_work_is_done) {
  welcome();
  receive(lease(7), 100);
  const Actions first = protocol_.ended({TaskId{7}, 1}, report(7), at(200));
  EXPECT_EQ(count<wire::TaskReport>(first), 1);
  EXPECT_EQ(count<wire::LeaseRequest>(first), 1);
  receive(lease(8), 300);
  EXPECT_EQ(count<wire::TaskReport>(tick(2100)), 0);
  const Actions again = tick(2200);
  EXPECT_EQ(count<wire::TaskReport>(again), 1);
  EXPECT_THAT(named(tick(3100)), testing::ElementsAre(8, 7));
  EXPECT_EQ(count<Forget>(receive(wire::ReportReply{{7}, 1, ReportVerdict::kStale}, 3200)), 1);
  EXPECT_EQ(count<wire::TaskReport>(tick(5400)), 0);
  EXPECT_EQ(count<Forget>(receive(wire::ReportReply{{7}, 1, ReportVerdict::kRecorded}, 5500)), 0);
}

TEST_F(ProtocolTest, a_report_that_nobody_answers_is_sent_less_and_less_often) {
  welcome();
  receive(lease(7), 0);
  std::vector<int> sent{0};
  protocol_.ended({TaskId{7}, 1}, report(7), at(0));
  for (int ms = 200; ms <= 100'000; ms += 200) {
    if (ms % 1000 == 0) receive(wire::HeartbeatReply{}, ms);  // it is there, and slow
    if (count<wire::TaskReport>(tick(ms)) > 0) sent.push_back(ms);
  }
  EXPECT_THAT(sent, testing::ElementsAre(0, 2000, 6000, 14'000, 30'000, 60'000, 90'000));
  EXPECT_EQ(count<wire::TaskReport>(receive(wire::Welcome{}, 100'100)), 1);
}

TEST_F(ProtocolTest, whoever_has_four_reports_unanswered_asks_for_nothing_more) {
  welcome();
  for (int task = 1; task <= 4; ++task) {
    receive(lease(task), task);
    const Actions ended = protocol_.ended({TaskId{task}, 1}, report(task), at(task));
    EXPECT_EQ(count<wire::LeaseRequest>(ended), task < 4 ? 1 : 0);
  }
  EXPECT_EQ(count<wire::LeaseRequest>(tick(4000)), 0);
  receive(wire::ReportReply{{2}, 1, ReportVerdict::kRecorded}, 4100);
  EXPECT_EQ(count<wire::LeaseRequest>(tick(4200)), 1);
}

TEST_F(ProtocolTest, what_stands_still_is_said_at_once_and_leaves_room_for_one_more) {
  welcome();
  receive(lease(7), 100);
  const wire::HeartbeatReply wish{{}, {{TaskId{7}, 1, 1}}};
  EXPECT_EQ(count<Suspend>(receive(wish, 200)), 1);
  EXPECT_EQ(count<Suspend>(receive(wish, 300)), 0) << "it is being done";
  EXPECT_EQ(count<wire::LeaseRequest>(tick(300)), 0);
  const Actions still = protocol_.suspended({TaskId{7}, 1}, 1, at(400));
  EXPECT_EQ(count<wire::Heartbeat>(still), 1);
  EXPECT_EQ(count<wire::LeaseRequest>(still), 1);
  EXPECT_EQ(count<Start>(receive(lease(8), 500)), 1);
  EXPECT_EQ(count<Start>(receive(lease(9), 510)), 0) << "that one does not stand still";
  EXPECT_THAT(named(tick(1500)), testing::ElementsAre(7, 8, 9));
  // A reply that names no task changes none.
  EXPECT_TRUE(receive(wire::HeartbeatReply{}, 1600).empty());
  receive(wire::HeartbeatReply{{TaskId{9}}, {}}, 1650);
  const Actions done = protocol_.ended({TaskId{8}, 1}, report(8), at(1700));
  EXPECT_EQ(count<wire::LeaseRequest>(done), 1) << "the next measurement";
  EXPECT_EQ(count<Suspend>(receive(wire::HeartbeatReply{{}, {{TaskId{7}, 1, 2}}}, 1800)), 1);
  EXPECT_EQ(count<wire::LeaseRequest>(protocol_.suspended({TaskId{7}, 1}, 2, at(1900))), 0);
  EXPECT_EQ(count<Suspend>(receive(wish, 2000)), 0) << "an old wish";
}

TEST_F(ProtocolTest, what_stands_still_can_be_dropped) {
  welcome();
  receive(lease(7), 100);
  receive(wire::HeartbeatReply{{}, {{TaskId{7}, 1, 1}}}, 200);
  protocol_.suspended({TaskId{7}, 1}, 1, at(300));
  receive(lease(8), 400);
  const Actions drop = receive(wire::HeartbeatReply{{TaskId{7}}, {}}, 500);
  ASSERT_EQ(count<Kill>(drop), 1);
  EXPECT_EQ(std::get<Kill>(drop.front()).task, TaskId{7});
  protocol_.ended({TaskId{7}, 1}, std::nullopt, at(600));
  EXPECT_THAT(named(tick(1500)), testing::ElementsAre(8));
}

TEST_F(ProtocolTest, a_checkpoint_is_said_again_and_points_are_said_once) {
  welcome();
  receive(lease(7), 100);
  protocol_.told({TaskId{7}, 1}, Checkpoint{std::string(64, 'c'), 10, 3});
  protocol_.told({TaskId{7}, 1}, SeriesPoint{3, {{"loss", 0.5}}});
  protocol_.told({TaskId{8}, 1}, SeriesPoint{3, {{"loss", 0.5}}});  // nobody's
  const auto line = [](const Actions& actions) {
    const auto& send = std::get<Send>(actions.back());
    return std::get<wire::Heartbeat>(send.message.body).running.at(0);
  };
  const RunningTask first = line(tick(1000));
  EXPECT_EQ(first.checkpoint->step, 3);
  EXPECT_EQ(first.points.size(), 1U);
  const RunningTask second = line(tick(2000));
  EXPECT_EQ(second.checkpoint->step, 3);
  EXPECT_TRUE(second.points.empty());
  for (int i = 0; i < 1000; ++i) protocol_.told({TaskId{7}, 1}, SeriesPoint{i, {{"loss", 1}}});
  const RunningTask third = line(tick(3000));
  EXPECT_LE(third.points.size(), kMostPointsAtOnce);
  EXPECT_GE(third.points.size(), kMostPointsAtOnce / 2);
  EXPECT_EQ(third.points.front().step, 0);
}

TEST_F(ProtocolTest, silence_makes_a_new_connection_and_the_task_goes_on) {
  welcome();
  receive(lease(7), 100);
  EXPECT_EQ(count<Reconnect>(tick(5000)), 0);
  const Actions actions = tick(5100);
  EXPECT_EQ(count<Reconnect>(actions), 1);
  EXPECT_EQ(count<wire::Hello>(actions), 1);
  EXPECT_EQ(count<Kill>(actions), 0);
  EXPECT_THAT(named(receive(wire::Welcome{}, 5200)), testing::ElementsAre(7));
}

TEST_F(ProtocolTest, a_refusal_is_answered_by_hello_with_the_next_tick) {
  welcome();
  EXPECT_TRUE(receive(wire::Refusal{"unknown session"}, 1500).empty());
  EXPECT_EQ(count<wire::Hello>(tick(1600)), 1);
  receive(wire::Refusal{"unknown session"}, 1700);
  EXPECT_EQ(count<wire::Hello>(tick(1800)), 0);  // once a second, however often it is refused
}

TEST_F(ProtocolTest, a_report_dropped_by_the_coordinator_is_forgotten) {
  welcome();
  receive(lease(7), 100);
  protocol_.ended({TaskId{7}, 1}, report(7), at(200));
  EXPECT_EQ(count<Forget>(receive(wire::HeartbeatReply{{TaskId{7}}}, 1000)), 1);
}

class AfterRestart : public ProtocolTest {
 protected:
  AfterRestart() : ProtocolTest({report(3, 2)}) {}
};

TEST_F(AfterRestart, reports_left_by_the_process_before_are_sent_first) {
  const Actions first = tick(0);
  const auto& hello = std::get<wire::Hello>(std::get<Send>(first.front()).message.body);
  EXPECT_EQ(hello.reporting, (std::vector{AttemptName{TaskId{3}, 2}}));
  const Actions actions = receive(wire::Welcome{}, 10);
  ASSERT_FALSE(actions.empty());
  const auto* send = std::get_if<Send>(&actions.front());
  ASSERT_NE(send, nullptr);
  EXPECT_EQ(std::get<wire::TaskReport>(send->message.body), report(3, 2));
  EXPECT_THAT(named(actions), testing::ElementsAre(3));
}

}  // namespace
}  // namespace pare::worker
