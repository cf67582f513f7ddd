#include "wire/worker_messages.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace pare::wire {
namespace {

constexpr const char* kSession = "0b0c2f6e-6a4f-4f0e-9d59-6f0c9a1b2c3d";

std::vector<FromWorker> samples_from_worker() {
  return {
      {kSession, Hello{"bench-1",
                       "0123abcd",
                       R"({"cores":2})",
                       {"default", "x86"},
                       {{"openvino", "2026.4", {"fp32", "int8"}}, {"onnxruntime", "", {}}}}},
      {kSession, LeaseRequest{}},
      {kSession, Heartbeat{}},
      {kSession, Heartbeat{{{TaskId{7}, 2, 0.5, "images 3 of 6"}, {TaskId{9}, 1, 1.0, ""}}}},
      {kSession,
       Hello{"w", "d", "", {}, {}, "1b0c2f6e-6a4f-4f0e-9d59-6f0c9a1b2c3d", {{TaskId{3}, 2}}}},
      {kSession, Hello{"w", "d", "", {}, {}, "", {}, {"train", "more"}}},
      {kSession, Heartbeat{{{TaskId{7},
                             2,
                             0.5,
                             "epoch 3",
                             5,
                             Checkpoint{std::string(64, 'c'), 4096, 41},
                             {{40, {{"loss", 0.5}, {"map", 0.25}}}, {41, {{"loss", -1e300}}}}}}}},
      {kSession, TaskReport{TaskId{7}, 3, R"({"ok":false})"}},
      {kSession, Goodbye{}},
  };
}

std::vector<ToWorker> samples_to_worker() {
  return {
      Welcome{250},
      Lease{TaskId{7}, 2, R"({"kind":"build"})", std::chrono::seconds(90)},
      Lease{TaskId{7}, 2, R"({"kind":"prepare"})", std::chrono::seconds(90),
            Checkpoint{std::string(64, 'c'), 1, 0}},
      HeartbeatReply{},
      HeartbeatReply{{TaskId{1}}, {{TaskId{2}, 1, 3}, {TaskId{4}, 2, 0}}},
      HeartbeatReply{{TaskId{1}, TaskId{2}}},
      ReportReply{TaskId{7}, 2, ReportVerdict::kRecorded},
      ReportReply{TaskId{7}, 2, ReportVerdict::kAlreadyRecorded},
      ReportReply{TaskId{7}, 2, ReportVerdict::kStale},
      Refusal{"who are you?"},
  };
}

TEST(WorkerMessages, what_was_encoded_is_decoded_as_it_was) {
  for (const FromWorker& message : samples_from_worker()) {
    const auto decoded = decode_from_worker(encode(message));
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(decoded.value(), message);
  }
  for (const ToWorker& message : samples_to_worker()) {
    const auto decoded = decode_to_worker(encode(message));
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(decoded.value(), message);
  }
}

TEST(WorkerMessages, a_field_out_of_range_is_refused_with_its_name_and_value) {
  const auto refusal_of = [](const FromWorker& message) {
    const auto decoded = decode_from_worker(encode(message));
    return decoded ? std::string("accepted") : decoded.error().message;
  };
  const auto has = [](const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
  };
  EXPECT_PRED2(has, refusal_of({"host-7", Goodbye{}}), "session is \"host-7\"");
  EXPECT_PRED2(has, refusal_of({kSession, TaskReport{TaskId{0}, 1, "{}"}}), "report.task_id is 0");
  EXPECT_PRED2(has, refusal_of({kSession, TaskReport{TaskId{1}, -1, "{}"}}),
               "report.attempt is -1");
  EXPECT_PRED2(has, refusal_of({kSession, TaskReport{TaskId{1}, 1, ""}}),
               "report.outcome_json is empty");
  EXPECT_PRED2(has, refusal_of({kSession, Heartbeat{{{TaskId{1}, 1, 1.5, ""}}}}),
               "progress is 1.5");
  EXPECT_PRED2(has, refusal_of({kSession, Heartbeat{{{TaskId{1}, 1, std::nan(""), ""}}}}),
               "progress is");
  EXPECT_PRED2(has, refusal_of({kSession, Hello{"", "d", "", {}, {}}}), "hello.worker_name");
  EXPECT_PRED2(has, refusal_of({kSession, Hello{"w", "", "", {}, {}}}), "hello.device_id");
  EXPECT_PRED2(has, refusal_of({kSession, Hello{"w", "d", "", {""}, {}}}), "hello.pools");
  EXPECT_PRED2(has, refusal_of({kSession, Hello{"w", "d", "", {}, {{"", "1", {}}}}}),
               "hello.runtimes");
}

TEST(WorkerMessages, another_protocol_is_refused_and_not_guessed) {
  // Field 1, a varint: protocol 2 and nothing else.
  const auto decoded = decode_from_worker(std::string_view("\x08\x02", 2));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().message, "worker message: protocol 2, this is protocol 1");
  EXPECT_FALSE(decode_to_worker(""));
}

TEST(WorkerMessages, a_verdict_left_out_is_refused) {
  // protocol 1; report_reply (field 5) with task 1, attempt 1 and no verdict.
  const auto decoded = decode_to_worker(std::string_view("\x08\x01\x2a\x04\x08\x01\x10\x01", 8));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().message, "worker message: report_reply.verdict is 0");
}

TEST(WorkerMessages, damaged_bytes_are_a_result_and_never_a_crash) {
  std::mt19937 rng(20260801);
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    const auto all = samples_from_worker();
    std::string bytes = encode(all[rng() % all.size()]);
    for (unsigned flips = 1 + rng() % 4; flips > 0; --flips) {
      bytes[rng() % bytes.size()] = static_cast<char>(rng());
    }
    if (rng() % 4 == 0) bytes.resize(rng() % bytes.size());
    const auto decoded = decode_from_worker(bytes);
    if (!decoded) {
      ++refused;
      EXPECT_EQ(decoded.error().code, ErrorCode::kInvalidArgument);
    } else {
      EXPECT_EQ(decode_from_worker(encode(decoded.value())).value(), decoded.value());
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST(WorkerMessages, a_session_is_a_uuid_and_nothing_else) {
  EXPECT_TRUE(is_session(kSession));
  EXPECT_FALSE(is_session(""));
  EXPECT_FALSE(is_session("0B0C2F6E-6A4F-4F0E-9D59-6F0C9A1B2C3D"));
  EXPECT_FALSE(is_session("0b0c2f6e-6a4f-4f0e-9d59-6f0c9a1b2c3"));
  EXPECT_FALSE(is_session("0b0c2f6e06a4f-4f0e-9d59-6f0c9a1b2c3d"));
}

}  // namespace
}  // namespace pare::wire
