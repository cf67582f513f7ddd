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
  const Claim claim = *only<Claim>(hear(wire::LeaseRequest{}));
  EXPECT_TRUE(protocol_.claimed(claim, std::optional<Lease>()).empty());
  const Actions again = protocol_.ask_for_idle();
  ASSERT_NE(only<Claim>(again), nullptr);
  const Actions leased = protocol_.claimed(claim, std::optional(kLease));
  ASSERT_NE(only_message<Lease>(leased), nullptr);
  EXPECT_EQ(*only_message<Lease>(leased), kLease);
  EXPECT_TRUE(protocol_.ask_for_idle().empty()) << "it has what it asked for";
}

TEST_F(ProtocolTest, an_answer_goes_to_the_connection_heard_last) {
  say_hello("r1");
  say_hello("r2");
  const Actions beats = hear(wire::Heartbeat{}, "r3");
  const Actions reply = protocol_.beaten(*only<Beat>(beats), std::vector{TaskId{4}});
  ASSERT_NE(only_message<wire::HeartbeatReply>(reply), nullptr);
  EXPECT_EQ(only<Send>(reply)->route, "r3");
  EXPECT_EQ(only_message<wire::HeartbeatReply>(reply)->drop, std::vector{TaskId{4}});
}

TEST_F(ProtocolTest, silence_of_more_than_six_seconds_is_a_lost_worker) {
  say_hello();
  now_ += milliseconds(6000);
  EXPECT_TRUE(protocol_.give_up(now_).empty());
  hear(wire::Heartbeat{});
  now_ += milliseconds(6000);
  EXPECT_TRUE(protocol_.give_up(now_).empty());
  now_ += milliseconds(1);
  const Actions actions = protocol_.give_up(now_);
  ASSERT_NE(only<Retire>(actions), nullptr);
  EXPECT_EQ(only<Retire>(actions)->session, kSession);
  EXPECT_NE(only_message<wire::Refusal>(hear(wire::Heartbeat{})), nullptr) << "it has to say hello";
}

TEST_F(ProtocolTest, goodbye_is_a_loss_at_once) {
  say_hello();
  const Actions actions = hear(wire::Goodbye{});
  EXPECT_NE(only<Retire>(actions), nullptr);
  EXPECT_EQ(protocol_.sessions(), 0U);
}

TEST_F(ProtocolTest, a_store_that_is_away_costs_no_worker_its_task) {
  const Error away{ErrorCode::kUnavailable, "database: away"};
  say_hello();
  const Beat beat = *only<Beat>(hear(wire::Heartbeat{}));
  const Actions beaten = protocol_.beaten(beat, away);
  ASSERT_NE(only_message<wire::HeartbeatReply>(beaten), nullptr);
  EXPECT_TRUE(only_message<wire::HeartbeatReply>(beaten)->drop.empty());
  const Record record = *only<Record>(hear(wire::TaskReport{TaskId{7}, 2, "{}"}));
  EXPECT_TRUE(protocol_.recorded(record, away).empty()) << "unanswered, it comes again";
  const Claim claim = *only<Claim>(hear(wire::LeaseRequest{}));
  EXPECT_TRUE(protocol_.claimed(claim, away).empty());
  EXPECT_EQ(protocol_.ask_for_idle().size(), 1U);
}

TEST_F(ProtocolTest, a_session_that_the_store_forgot_says_hello_again) {
  const Error unknown{ErrorCode::kNotFound, "there is no worker"};
  say_hello();
  const Beat beat = *only<Beat>(hear(wire::Heartbeat{}));
  EXPECT_NE(only_message<wire::Refusal>(protocol_.beaten(beat, unknown)), nullptr);
  EXPECT_EQ(protocol_.sessions(), 0U);
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
