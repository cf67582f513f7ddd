// What coordinator and worker say to each other over ZeroMQ (ROUTER - DEALER, one frame a message).
//
// Decoding is total: never throws, never trusts.  Bytes that are not ours, a protocol number that
// is not ours, a missing body or a field out of range are kInvalidArgument, with the field and the
// value.  decode(encode(x)) == x.  Safe from any thread.  The fields on the wire, and the rules
// for changing them, are in wire/proto/worker.proto.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/lease.h"
#include "core/result.h"
#include "core/worker.h"

namespace pare::wire {

// Longer messages are refused by the sockets themselves (ZMQ_MAXMSGSIZE) on both ends.
inline constexpr std::size_t kMaxMessageBytes = 16U << 20U;

// --- from a worker ---

using Hello = WorkerProfile;

// "I am idle."  Answered by a Lease, or not at all until there is work.
struct LeaseRequest {
  friend bool operator==(const LeaseRequest&, const LeaseRequest&) = default;
};

// Every second.  Names every task the worker holds, also one whose report is not answered yet.
struct Heartbeat {
  std::vector<RunningTask> running;
  friend bool operator==(const Heartbeat&, const Heartbeat&) = default;
};

struct TaskReport {
  TaskId task;
  int attempt = 0;
  std::string outcome_json;  // docs/tasks.md; decode with parse_outcome of wire/task_json.h
  friend bool operator==(const TaskReport&, const TaskReport&) = default;
};

struct Goodbye {
  friend bool operator==(const Goodbye&, const Goodbye&) = default;
};

struct FromWorker {
  std::string session;  // a UUID made at the worker's start, in lower case
  std::variant<Hello, LeaseRequest, Heartbeat, TaskReport, Goodbye> body;
  friend bool operator==(const FromWorker&, const FromWorker&) = default;
};

std::string encode(const FromWorker& message);
Result<FromWorker> decode_from_worker(std::string_view bytes);

// --- to a worker ---

// Answers a Hello.
struct Welcome {
  int heartbeat_ms = 1000;
  friend bool operator==(const Welcome&, const Welcome&) = default;
};

// Whether a task is to stand still, where it is not what the worker last said (core/worker.h).
struct SuspensionWish {
  TaskId task;
  int attempt = 0;
  int suspension = 0;
  friend bool operator==(const SuspensionWish&, const SuspensionWish&) = default;
};

// Tasks named in `drop` are no longer this worker's, or were cancelled: kill the child, report
// nothing.  A task that is named nowhere stays as it is.
struct HeartbeatReply {
  std::vector<TaskId> drop = {};
  std::vector<SuspensionWish> suspensions = {};
  friend bool operator==(const HeartbeatReply&, const HeartbeatReply&) = default;
};

// Only after this may a worker forget its report; without it, it sends the report again.
struct ReportReply {
  TaskId task;
  int attempt = 0;
  ReportVerdict verdict = ReportVerdict::kRecorded;
  friend bool operator==(const ReportReply&, const ReportReply&) = default;
};

// The session is not known (say hello again), or the message was not understood.
struct Refusal {
  std::string reason;
  friend bool operator==(const Refusal&, const Refusal&) = default;
};

using ToWorker = std::variant<Welcome, Lease, HeartbeatReply, ReportReply, Refusal>;

std::string encode(const ToWorker& message);
Result<ToWorker> decode_to_worker(std::string_view bytes);

// 8-4-4-4-12 hexadecimal digits in lower case.
bool is_session(std::string_view text) noexcept;

}  // namespace pare::wire
