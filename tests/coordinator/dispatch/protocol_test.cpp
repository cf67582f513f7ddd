#include "coordinator/dispatch/protocol.h"

#include <gtest/gtest.h>

namespace pare::coordinator {
namespace {

using std::chrono::milliseconds;

const std::string kSession = "00000000-0000-0000-0000-00000000000a";
const Lease kLease{TaskId{7}, 2, "{}", Millis(1000)};

template <typename T>
const T* only(const Actions& actions) {
  return actions.size() == 1 ? std::get_if<T>(&actions[0]) : nullptr;
}
template <typename T>
const T* only_message(const Actions& actions) {
  const Send* send = only<Send>(actions);
  return send == nullptr ? nullptr : std::get_if<T>(&send->message);
}

class ProtocolTest : public testing::Test {
 protected:
  Actions hear(decltype(wire::FromWorker::body) body, const std::string& route = "r1") {
    return protocol_.received(route, wire::FromWorker{kSession, std::move(body)}, now_);
  }
  void say_hello(const std::string& route = "r1") {
    const Actions actions = hear(wire::Hello{"w", "d", "", {}, {}}, route);
    const Greet* greet = only<Greet>(actions);
    ASSERT_NE(greet, nullptr);
    const Actions answer = protocol_.greeted(*greet, true, now_);
    const auto* welcome = only_message<wire::Welcome>(answer);
    ASSERT_NE(welcome, nullptr);
    EXPECT_EQ(welcome->heartbeat_ms, 1000);
  }
  Actions lease() {
    Claims claims;
    claims.leases[kSession] = kLease;
    return protocol_.claimed(std::vector{kSession}, claims, now_);
  }

  Protocol protocol_{milliseconds(1000), milliseconds(6000)};
  Instant now_{};
};

TEST_F(ProtocolTest, a_session_that_did_not_say_hello_is_refused_whatever_it_says) {
  EXPECT_NE(only_message<wire::Refusal>(hear(wire::LeaseRequest{})), nullptr);
  EXPECT_NE(only_message<wire::Refusal>(hear(wire::Heartbeat{})), nullptr);
  EXPECT_NE(only_message<wire::Refusal>(hear(wire::TaskReport{TaskId{1}, 1, "{}"})), nullptr);
  EXPECT_NE(only_message<wire::Refusal>(hear(wire::Goodbye{})), nullptr);
}

TEST_F(ProtocolTest, bytes_that_are_no_message_are_refused_with_the_reason) {
  const Actions actions =
      protocol_.received("r1", Error{ErrorCode::kInvalidArgument, "protocol 9"}, now_);
  ASSERT_NE(only_message<wire::Refusal>(actions), nullptr);
  EXPECT_EQ(only_message<wire::Refusal>(actions)->reason, "protocol 9");
}

TEST_F(ProtocolTest, an_idle_worker_is_remembered_until_there_is_work) {
  say_hello();
  EXPECT_TRUE(protocol_.ask_for_idle().empty()) << "it did not ask yet";
  ASSERT_NE(only<Claim>(hear(wire::LeaseRequest{})), nullptr);
  EXPECT_TRUE(hear(wire::LeaseRequest{}).empty()) << "it is known";
  EXPECT_TRUE(protocol_.ask_for_idle().empty()) << "the store is being asked";
  EXPECT_TRUE(protocol_.claimed(std::vector{kSession}, Claims{}, now_).empty());
  ASSERT_NE(only<Claim>(protocol_.ask_for_idle()), nullptr);
  const Actions leased = lease();
  ASSERT_NE(only_message<Lease>(leased), nullptr);
  EXPECT_EQ(*only_message<Lease>(leased), kLease);
  EXPECT_TRUE(protocol_.ask_for_idle().empty()) << "it has what it asked for";
}

TEST_F(ProtocolTest, a_lease_that_got_lost_is_offered_until_it_is_named_and_kept_alive_meanwhile) {
  say_hello();
  hear(wire::LeaseRequest{});
  lease();
  EXPECT_EQ(protocol_.beats().at(0).running, (std::vector{RunningTask{TaskId{7}, 2, 0.0, ""}}));
  now_ += milliseconds(1000);
  EXPECT_EQ(hear(wire::Heartbeat{}).size(), 1U) << "it may be on its way";
  now_ += milliseconds(1000);
  const Actions again = hear(wire::Heartbeat{}, "r2");
  ASSERT_EQ(again.size(), 2U);
  EXPECT_EQ(std::get<Send>(again[1]).route, "r2");
  EXPECT_EQ(std::get<Lease>(std::get<Send>(again[1]).message), kLease);
  now_ += milliseconds(2000);
  const Actions asked = hear(wire::LeaseRequest{});
  ASSERT_NE(only_message<Lease>(asked), nullptr) << "no second task is asked for";
  EXPECT_EQ(hear(wire::Heartbeat{{{TaskId{7}, 2, 0.1, "starting"}}}).size(), 1U);
  now_ += milliseconds(2000);
  EXPECT_EQ(hear(wire::Heartbeat{}).size(), 1U) << "it was named";
}

TEST_F(ProtocolTest, heartbeats_are_answered_at_once_and_collected_for_the_store) {
  say_hello();
  const RunningTask running{TaskId{4}, 1, 0.5, "half"};
  const Actions reply = hear(wire::Heartbeat{{running}}, "r3");
  ASSERT_NE(only_message<wire::HeartbeatReply>(reply), nullptr);
  EXPECT_EQ(only<Send>(reply)->route, "r3") << "the connection heard last";
  const auto beats = protocol_.beats();
  ASSERT_EQ(beats.size(), 1U);
  EXPECT_EQ(beats[0].session, kSession);
  EXPECT_EQ(beats[0].running, std::vector{running});
  EXPECT_TRUE(protocol_.beats().empty()) << "nobody spoke since";
  const Actions drop = protocol_.seen({{}, {{kSession, TaskId{4}, 1}}});
  ASSERT_NE(only_message<wire::HeartbeatReply>(drop), nullptr);
  EXPECT_EQ(only_message<wire::HeartbeatReply>(drop)->drop, std::vector{TaskId{4}});
}

TEST_F(ProtocolTest, a_wish_is_told_to_the_worker_that_it_concerns) {
  say_hello();
  BeatsSeen seen;
  seen.wishes = {{kSession, TaskId{4}, 2, 1},
                 {"00000000-0000-0000-0000-00000000000c", TaskId{5}, 1, 1}};
  const Actions told = protocol_.seen(seen);
  ASSERT_NE(only_message<wire::HeartbeatReply>(told), nullptr);
  EXPECT_EQ(only_message<wire::HeartbeatReply>(told)->suspensions,
            (std::vector{wire::SuspensionWish{TaskId{4}, 2, 1}}));
}

TEST_F(ProtocolTest, points_are_handed_on_once_and_none_is_lost_between_two_heartbeats) {
  say_hello();
  RunningTask task{TaskId{4}, 1, 0.5, ""};
  task.points = {{1, {{"loss", 0.5}}}};
  hear(wire::Heartbeat{{task}});
  task.points = {{2, {{"loss", 0.25}}}};
  hear(wire::Heartbeat{{task}});
  EXPECT_EQ(protocol_.beats().at(0).running.at(0).points,
            (std::vector<SeriesPoint>{{1, {{"loss", 0.5}}}, {2, {{"loss", 0.25}}}}));
  task.points.clear();
  hear(wire::Heartbeat{{task}});
  EXPECT_TRUE(protocol_.beats().at(0).running.at(0).points.empty());
  for (int i = 0; i < 300; ++i) {
    task.points = {{i, {{"loss", 1}}}};
    hear(wire::Heartbeat{{task}});
  }
  const auto newest = protocol_.beats().at(0).running.at(0).points;
  EXPECT_EQ(newest.size(), kMostPointsAtOnce);
  EXPECT_EQ(newest.back().step, 299);
}

TEST_F(ProtocolTest, an_old_attempt_that_is_lost_does_not_end_the_new_one) {
  say_hello();
  hear(wire::LeaseRequest{});
  lease();
  EXPECT_TRUE(protocol_.seen({{}, {{kSession, TaskId{7}, 1}}}).empty());
  EXPECT_FALSE(protocol_.seen({{}, {{kSession, TaskId{7}, 2}}}).empty());
}

TEST_F(ProtocolTest, time_in_which_the_coordinator_stood_still_is_nobodys_silence) {
  say_hello();
  protocol_.tick(now_);
  now_ += milliseconds(20'000);
  EXPECT_TRUE(protocol_.tick(now_).empty());
  for (int tick = 0; tick < 24; ++tick) {
    now_ += milliseconds(250);
    EXPECT_TRUE(protocol_.tick(now_).empty()) << tick;
  }
  now_ += milliseconds(250);
  EXPECT_NE(only<Retire>(protocol_.tick(now_)), nullptr);
}

TEST_F(ProtocolTest, a_device_that_is_free_is_asked_for_who_waits_there) {
  say_hello();
  const std::string other = "00000000-0000-0000-0000-00000000000b";
  const Greet neighbour{other, "r9", {"w", "d", "", {}, {}}};
  protocol_.greeted(neighbour, true, now_);
  protocol_.received("r9", wire::FromWorker{other, wire::LeaseRequest{}}, now_);
  protocol_.claimed(std::vector{other}, Claims{}, now_);
  const Record record = *only<Record>(hear(wire::TaskReport{TaskId{7}, 2, "{}"}));
  const Actions actions = protocol_.recorded(record, ReportVerdict::kRecorded);
  ASSERT_EQ(actions.size(), 2U);
  EXPECT_EQ(std::get<Claim>(actions[1]).session, other);
}

TEST_F(ProtocolTest, silence_of_more_than_six_seconds_is_a_lost_worker) {
  say_hello();
  const auto wait = [&](int ms) {
    Actions lost;
    for (; ms > 0; ms -= 250) {
      now_ += milliseconds(250);
      for (Action& action : protocol_.tick(now_)) lost.push_back(std::move(action));
    }
    return lost;
  };
  EXPECT_TRUE(wait(6000).empty());
  hear(wire::Heartbeat{});
  EXPECT_TRUE(wait(6000).empty());
  const Actions actions = wait(250);
  ASSERT_NE(only<Retire>(actions), nullptr);
  EXPECT_EQ(only<Retire>(actions)->session, kSession);
  EXPECT_EQ(only<Retire>(actions)->departure, Departure::kSilence);
  EXPECT_NE(only_message<wire::Refusal>(hear(wire::Heartbeat{})), nullptr) << "it has to say hello";
}

TEST_F(ProtocolTest, goodbye_gives_back_at_once_and_is_told_from_silence) {
  say_hello();
  const Actions actions = hear(wire::Goodbye{});
  ASSERT_NE(only<Retire>(actions), nullptr);
  EXPECT_EQ(only<Retire>(actions)->departure, Departure::kGoodbye);
  EXPECT_EQ(protocol_.sessions(), 0U);
}

TEST_F(ProtocolTest, a_store_that_is_away_costs_no_worker_its_task) {
  const Error away{ErrorCode::kUnavailable, "database: away"};
  say_hello();
  EXPECT_NE(only_message<wire::HeartbeatReply>(hear(wire::Heartbeat{})), nullptr);
  ASSERT_NE(only<Claim>(hear(wire::LeaseRequest{})), nullptr);
  EXPECT_TRUE(protocol_.claimed(std::vector{kSession}, away, now_).empty());
  EXPECT_EQ(protocol_.ask_for_idle().size(), 1U) << "it stays idle";
}

TEST_F(ProtocolTest, a_session_that_the_store_forgot_says_hello_again) {
  say_hello();
  EXPECT_NE(only_message<wire::Refusal>(protocol_.seen({{kSession}, {}})), nullptr);
  EXPECT_EQ(protocol_.sessions(), 0U);
  say_hello();
  Claims unknown;
  unknown.unknown = {kSession};
  EXPECT_NE(only_message<wire::Refusal>(protocol_.claimed(std::vector{kSession}, unknown, now_)),
            nullptr);
}

TEST_F(ProtocolTest, a_report_is_answered_with_its_verdict) {
  say_hello();
  const Record record = *only<Record>(hear(wire::TaskReport{TaskId{7}, 2, "{}"}));
  const Actions actions = protocol_.recorded(record, ReportVerdict::kStale);
  ASSERT_NE(only_message<wire::ReportReply>(actions), nullptr);
  EXPECT_EQ(*only_message<wire::ReportReply>(actions),
            (wire::ReportReply{TaskId{7}, 2, ReportVerdict::kStale}));
}

}  // namespace
}  // namespace pare::coordinator
