#include "wire/worker_messages.h"

#include <google/protobuf/stubs/logging.h>

#include <cmath>
#include <utility>

#include "core/version.h"
#include "proto/worker.pb.h"
#include "wire/sha256.h"

namespace pare::wire {
namespace {

constexpr std::size_t kLongestName = 64;  // of a number in a series

Error refuse(std::string message) {
  return Error{ErrorCode::kInvalidArgument, "worker message: " + std::move(message)};
}

template <typename Message>
Result<Message> parse(std::string_view bytes) {
  const google::protobuf::LogSilencer silence;  // a peer must not be able to fill our log
  Message message;
  if (bytes.size() > kMaxMessageBytes) {
    return refuse(std::to_string(bytes.size()) + " bytes, at most " +
                  std::to_string(kMaxMessageBytes));
  }
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return refuse(std::to_string(bytes.size()) + " bytes that are not a message of Pare");
  }
  if (message.protocol() != kWorkerProtocol) {
    return refuse("protocol " + std::to_string(message.protocol()) + ", this is protocol " +
                  std::to_string(kWorkerProtocol));
  }
  return message;
}

// What is wrong with (task, attempt); empty: nothing.
std::string bad_fence(std::int64_t task, int attempt) {
  if (task <= 0) return "task_id is " + std::to_string(task);
  if (attempt <= 0) return "attempt is " + std::to_string(attempt);
  return "";
}

// --- from a worker ---

Result<FromWorker> decode_hello(const proto::Hello& in, FromWorker out) {
  if (in.worker_name().empty()) return refuse("hello.worker_name is empty");
  if (in.device_id().empty()) return refuse("hello.device_id is empty");
  if (!in.replaces().empty() && !is_session(in.replaces())) {
    return refuse("hello.replaces is \"" + in.replaces().substr(0, 80) + "\", no session");
  }
  Hello hello{in.worker_name(), in.device_id(), in.device_json(), {}, {}, in.replaces(), {}};
  for (const proto::Attempt& one : in.reporting()) {
    const std::string bad = bad_fence(one.task_id(), one.attempt());
    if (!bad.empty()) return refuse("hello.reporting." + bad);
    hello.reporting.push_back({TaskId{one.task_id()}, one.attempt()});
  }
  for (const std::string& pool : in.pools()) {
    if (pool.empty()) return refuse("hello.pools has an empty name");
    hello.pools.push_back(pool);
  }
  for (const proto::RuntimeInfo& runtime : in.runtimes()) {
    if (runtime.name().empty()) return refuse("hello.runtimes has one without a name");
    hello.runtimes.push_back({runtime.name(),
                              runtime.version(),
                              {runtime.precisions().begin(), runtime.precisions().end()}});
  }
  for (const std::string& capability : in.capabilities()) {
    if (capability.empty()) return refuse("hello.capabilities has an empty name");
    hello.capabilities.push_back(capability);
  }
  out.body = std::move(hello);
  return out;
}

// `where` names the field; a file of no bytes is no checkpoint.
Result<Checkpoint> decode_checkpoint(const proto::Checkpoint& in, const std::string& where) {
  if (!is_sha256(in.sha256())) {
    return refuse(where + ".sha256 is \"" + in.sha256().substr(0, 80) + "\"");
  }
  if (in.bytes() <= 0) return refuse(where + ".bytes is " + std::to_string(in.bytes()));
  if (in.step() < 0) return refuse(where + ".step is " + std::to_string(in.step()));
  return Checkpoint{in.sha256(), in.bytes(), in.step()};
}

// A number that is none is left out, and so is what is too much: a series is for looking at.
std::vector<SeriesPoint> decode_points(const proto::RunningTask& in) {
  std::vector<SeriesPoint> points;
  for (const proto::SeriesPoint& point : in.points()) {
    if (points.size() == kMostPointsAtOnce) break;
    SeriesPoint out{point.step(), {}};
    for (const auto& [name, value] : point.values()) {
      if (out.values.size() == kMostNamesOfPoint) break;
      if (!name.empty() && name.size() <= kLongestName && std::isfinite(value)) {
        out.values[name] = value;
      }
    }
    if (out.step >= 0 && !out.values.empty()) points.push_back(std::move(out));
  }
  return points;
}

Result<RunningTask> decode_running(const proto::RunningTask& in) {
  const std::string bad = bad_fence(in.task_id(), in.attempt());
  if (!bad.empty()) return refuse("heartbeat.running." + bad);
  if (!(in.progress() >= 0.0 && in.progress() <= 1.0)) {
    return refuse("heartbeat.running.progress is " + std::to_string(in.progress()) +
                  ", not within 0 and 1");
  }
  if (in.suspension() < 0) {
    return refuse("heartbeat.running.suspension is " + std::to_string(in.suspension()));
  }
  RunningTask out{TaskId{in.task_id()}, in.attempt(), in.progress(), in.message(), in.suspension()};
  if (in.has_checkpoint()) {
    auto checkpoint = decode_checkpoint(in.checkpoint(), "heartbeat.running.checkpoint");
    if (!checkpoint) return checkpoint.error();
    out.checkpoint = std::move(checkpoint).value();
  }
  out.points = decode_points(in);
  return out;
}

Result<FromWorker> decode_heartbeat(const proto::Heartbeat& in, FromWorker out) {
  Heartbeat heartbeat;
  for (const proto::RunningTask& line : in.running()) {
    auto running = decode_running(line);
    if (!running) return running.error();
    heartbeat.running.push_back(std::move(running).value());
  }
  out.body = std::move(heartbeat);
  return out;
}

Result<FromWorker> decode_report(const proto::TaskReport& in, FromWorker out) {
  const std::string bad = bad_fence(in.task_id(), in.attempt());
  if (!bad.empty()) return refuse("report." + bad);
  if (in.outcome_json().empty()) return refuse("report.outcome_json is empty");
  out.body = TaskReport{TaskId{in.task_id()}, in.attempt(), in.outcome_json()};
  return out;
}

void encode_into(proto::Checkpoint& out, const Checkpoint& in) {
  out.set_sha256(in.sha256);
  out.set_bytes(in.bytes);
  out.set_step(in.step);
}

struct EncodeFromWorker {
  proto::FromWorker& out;

  void operator()(const Hello& in) const {
    proto::Hello& hello = *out.mutable_hello();
    hello.set_worker_name(in.name);
    hello.set_device_id(in.device_id);
    hello.set_device_json(in.device_json);
    hello.set_replaces(in.replaces);
    for (const AttemptName& one : in.reporting) {
      proto::Attempt& reporting = *hello.add_reporting();
      reporting.set_task_id(one.task.value);
      reporting.set_attempt(one.attempt);
    }
    for (const std::string& pool : in.pools) hello.add_pools(pool);
    for (const std::string& one : in.capabilities) hello.add_capabilities(one);
    for (const RuntimeInfo& runtime : in.runtimes) {
      proto::RuntimeInfo& info = *hello.add_runtimes();
      info.set_name(runtime.name);
      info.set_version(runtime.version);
      for (const std::string& precision : runtime.precisions) info.add_precisions(precision);
    }
  }
  void operator()(const LeaseRequest&) const { out.mutable_lease_request(); }
  void operator()(const Heartbeat& in) const {
    proto::Heartbeat& heartbeat = *out.mutable_heartbeat();
    for (const RunningTask& running : in.running) {
      proto::RunningTask& line = *heartbeat.add_running();
      line.set_task_id(running.task.value);
      line.set_attempt(running.attempt);
      line.set_progress(running.progress);
      line.set_message(running.message);
      line.set_suspension(running.suspension);
      if (running.checkpoint) encode_into(*line.mutable_checkpoint(), *running.checkpoint);
      for (const SeriesPoint& point : running.points) {
        proto::SeriesPoint& out_point = *line.add_points();
        out_point.set_step(point.step);
        for (const auto& [name, value] : point.values) (*out_point.mutable_values())[name] = value;
      }
    }
  }
  void operator()(const TaskReport& in) const {
    proto::TaskReport& report = *out.mutable_report();
    report.set_task_id(in.task.value);
    report.set_attempt(in.attempt);
    report.set_outcome_json(in.outcome_json);
  }
  void operator()(const Goodbye&) const { out.mutable_goodbye(); }
};

// --- to a worker ---

proto::ReportReply::Verdict to_proto(ReportVerdict verdict) {
  switch (verdict) {
    case ReportVerdict::kRecorded: return proto::ReportReply::VERDICT_RECORDED;
    case ReportVerdict::kAlreadyRecorded: return proto::ReportReply::VERDICT_ALREADY_RECORDED;
    case ReportVerdict::kStale: return proto::ReportReply::VERDICT_STALE;
  }
  return proto::ReportReply::VERDICT_UNSPECIFIED;
}

Result<ToWorker> decode_lease(const proto::Lease& in) {
  const std::string bad = bad_fence(in.task_id(), in.attempt());
  if (!bad.empty()) return refuse("lease." + bad);
  if (in.task_json().empty()) return refuse("lease.task_json is empty");
  if (in.time_limit_ms() <= 0) {
    return refuse("lease.time_limit_ms is " + std::to_string(in.time_limit_ms()));
  }
  Lease lease{TaskId{in.task_id()}, in.attempt(), in.task_json(),
              std::chrono::milliseconds(in.time_limit_ms())};
  if (in.has_resume_from()) {
    auto checkpoint = decode_checkpoint(in.resume_from(), "lease.resume_from");
    if (!checkpoint) return checkpoint.error();
    lease.resume_from = std::move(checkpoint).value();
  }
  return ToWorker{std::move(lease)};
}

Result<ToWorker> decode_heartbeat_reply(const proto::HeartbeatReply& in) {
  HeartbeatReply reply;
  for (const std::int64_t task : in.drop_task_ids()) {
    if (task <= 0) return refuse("heartbeat_reply.drop_task_ids has " + std::to_string(task));
    reply.drop.push_back(TaskId{task});
  }
  for (const proto::SuspensionWish& wish : in.suspensions()) {
    const std::string bad = bad_fence(wish.task_id(), wish.attempt());
    if (!bad.empty()) return refuse("heartbeat_reply.suspensions." + bad);
    if (wish.suspension() < 0) {
      return refuse("heartbeat_reply.suspensions.suspension is " +
                    std::to_string(wish.suspension()));
    }
    reply.suspensions.push_back({TaskId{wish.task_id()}, wish.attempt(), wish.suspension()});
  }
  return ToWorker{std::move(reply)};
}

Result<ToWorker> decode_report_reply(const proto::ReportReply& in) {
  const std::string bad = bad_fence(in.task_id(), in.attempt());
  if (!bad.empty()) return refuse("report_reply." + bad);
  for (const ReportVerdict verdict :
       {ReportVerdict::kRecorded, ReportVerdict::kAlreadyRecorded, ReportVerdict::kStale}) {
    if (to_proto(verdict) == in.verdict()) {
      return ToWorker{ReportReply{TaskId{in.task_id()}, in.attempt(), verdict}};
    }
  }
  return refuse("report_reply.verdict is " + std::to_string(in.verdict()));
}

struct EncodeToWorker {
  proto::ToWorker& out;

  void operator()(const Welcome& in) const {
    out.mutable_welcome()->set_heartbeat_ms(in.heartbeat_ms);
  }
  void operator()(const Lease& in) const {
    proto::Lease& lease = *out.mutable_lease();
    lease.set_task_id(in.task.value);
    lease.set_attempt(in.attempt);
    lease.set_task_json(in.document);
    lease.set_time_limit_ms(static_cast<std::int64_t>(std::ceil(in.time_limit.count())));
    if (in.resume_from) encode_into(*lease.mutable_resume_from(), *in.resume_from);
  }
  void operator()(const HeartbeatReply& in) const {
    proto::HeartbeatReply& reply = *out.mutable_heartbeat_reply();
    for (const TaskId task : in.drop) reply.add_drop_task_ids(task.value);
    for (const SuspensionWish& wish : in.suspensions) {
      proto::SuspensionWish& out_wish = *reply.add_suspensions();
      out_wish.set_task_id(wish.task.value);
      out_wish.set_attempt(wish.attempt);
      out_wish.set_suspension(wish.suspension);
    }
  }
  void operator()(const ReportReply& in) const {
    proto::ReportReply& reply = *out.mutable_report_reply();
    reply.set_task_id(in.task.value);
    reply.set_attempt(in.attempt);
    reply.set_verdict(to_proto(in.verdict));
  }
  void operator()(const Refusal& in) const { out.mutable_refusal()->set_reason(in.reason); }
};

}  // namespace

bool is_session(std::string_view text) noexcept {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (dash ? c != '-' : !digit) return false;
  }
  return true;
}

std::string encode(const FromWorker& message) {
  proto::FromWorker out;
  out.set_protocol(kWorkerProtocol);
  out.set_session(message.session);
  std::visit(EncodeFromWorker{out}, message.body);
  return out.SerializeAsString();
}

Result<FromWorker> decode_from_worker(std::string_view bytes) {
  const auto parsed = parse<proto::FromWorker>(bytes);
  if (!parsed) return parsed.error();
  const proto::FromWorker& in = parsed.value();
  if (!is_session(in.session())) {
    return refuse("session is \"" + in.session().substr(0, 80) + "\", not a UUID in lower case");
  }
  FromWorker out{in.session(), LeaseRequest{}};
  switch (in.body_case()) {
    case proto::FromWorker::kHello: return decode_hello(in.hello(), std::move(out));
    case proto::FromWorker::kLeaseRequest: return out;
    case proto::FromWorker::kHeartbeat: return decode_heartbeat(in.heartbeat(), std::move(out));
    case proto::FromWorker::kReport: return decode_report(in.report(), std::move(out));
    case proto::FromWorker::kGoodbye: out.body = Goodbye{}; return out;
    case proto::FromWorker::BODY_NOT_SET: break;
  }
  return refuse("it has no body that this version knows");
}

std::string encode(const ToWorker& message) {
  proto::ToWorker out;
  out.set_protocol(kWorkerProtocol);
  std::visit(EncodeToWorker{out}, message);
  return out.SerializeAsString();
}

Result<ToWorker> decode_to_worker(std::string_view bytes) {
  const auto parsed = parse<proto::ToWorker>(bytes);
  if (!parsed) return parsed.error();
  const proto::ToWorker& in = parsed.value();
  switch (in.body_case()) {
    case proto::ToWorker::kWelcome:
      if (in.welcome().heartbeat_ms() <= 0) {
        return refuse("welcome.heartbeat_ms is " + std::to_string(in.welcome().heartbeat_ms()));
      }
      return ToWorker{Welcome{in.welcome().heartbeat_ms()}};
    case proto::ToWorker::kLease: return decode_lease(in.lease());
    case proto::ToWorker::kHeartbeatReply: return decode_heartbeat_reply(in.heartbeat_reply());
    case proto::ToWorker::kReportReply: return decode_report_reply(in.report_reply());
    case proto::ToWorker::kRefusal: return ToWorker{Refusal{in.refusal().reason()}};
    case proto::ToWorker::BODY_NOT_SET: break;
  }
  return refuse("it has no body that this version knows");
}

}  // namespace pare::wire
