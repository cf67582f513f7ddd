#include "worker/link/protocol.h"

#include <algorithm>

namespace pare::worker {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kHelloAgain{1000};
constexpr milliseconds kSilence{5000};  // below the 6 s after which a coordinator gives us up
// The coordinator remembers who is idle, and offers again a lease that got lost.
constexpr milliseconds kRequestAgain{10'000};
constexpr milliseconds kReportAgain{2000};  // then twice as long, each time
constexpr milliseconds kReportAgainAtMost{30'000};
constexpr std::size_t kMostUnanswered = 4;

bool due(const std::optional<Instant>& last, Instant now, milliseconds after) {
  return !last || now - *last >= after;
}

}  // namespace

Protocol::Protocol(std::string session, WorkerProfile profile,
                   std::vector<wire::TaskReport> unanswered)
    : session_(std::move(session)), profile_(std::move(profile)) {
  for (wire::TaskReport& report : unanswered) {
    const Key key{report.task, report.attempt};
    reports_.emplace(key, Report{.report = std::move(report)});
  }
}

Actions Protocol::tick(Instant now) {
  Actions actions;
  if (!heard_) heard_ = now;
  if (now - *heard_ >= kSilence) {
    heard_ = now;
    welcomed_ = false;
    hello_sent_.reset();
    actions.emplace_back(std::in_place_type<Reconnect>);
  }
  if (!welcomed_) {
    if (due(hello_sent_, now, kHelloAgain)) hello(now, actions);
    return actions;
  }
  send_reports(now, false, actions);
  if (due(heartbeat_sent_, now, interval_)) heartbeat(now, actions);
  next(now, actions);
  return actions;
}

Actions Protocol::received(const wire::ToWorker& message, Instant now) {
  Actions actions;
  heard_ = now;
  std::visit([&](const auto& body) { on(body, now, actions); }, message);
  return actions;
}

void Protocol::progressed(double progress, std::string message) {
  if (!running_) return;
  running_->task.progress = std::clamp(progress, 0.0, 1.0);
  running_->task.message = std::move(message);
}

Actions Protocol::ended(std::optional<wire::TaskReport> report, Instant now) {
  Actions actions;
  const bool dropped = running_ && running_->dropped;
  running_.reset();
  request_sent_.reset();
  if (report && !dropped) {
    const Key key{report->task, report->attempt};
    reports_.insert_or_assign(key, Report{.report = *std::move(report)});
    if (welcomed_) send_reports(now, false, actions);
  } else if (report) {
    actions.emplace_back(std::in_place_type<Forget>, Forget{report->task, report->attempt});
  }
  if (welcomed_) next(now, actions);
  return actions;
}

Actions Protocol::stopping() const {
  return {say(wire::Goodbye{})};
}

void Protocol::on(const wire::Welcome& welcome, Instant now, Actions& actions) {
  welcomed_ = true;
  interval_ = milliseconds(welcome.heartbeat_ms);
  // Reports before the heartbeat: one that names a task whose report is not in yet keeps its lease,
  // but the lease may be that of an earlier session and then only the report itself counts.
  send_reports(now, true, actions);
  heartbeat(now, actions);
  request_sent_.reset();
  next(now, actions);
}

void Protocol::on(const Lease& lease, Instant now, Actions& actions) {
  const auto same = [&](TaskId task, int attempt) {
    return task == lease.task && attempt == lease.attempt;
  };
  if (running_ && same(running_->task.task, running_->task.attempt)) return;
  if (reports_.contains({lease.task, lease.attempt})) return;
  for (const Lease& other : waiting_) {
    if (same(other.task, other.attempt)) return;
  }
  waiting_.push_back(lease);
  next(now, actions);
}

void Protocol::on(const wire::HeartbeatReply& reply, Instant, Actions& actions) {
  for (const TaskId task : reply.drop) {
    if (running_ && running_->task.task == task && !running_->dropped) {
      running_->dropped = true;
      actions.emplace_back(std::in_place_type<Kill>);
    }
    std::erase_if(waiting_, [&](const Lease& lease) { return lease.task == task; });
    std::erase_if(reports_, [&](const auto& entry) {
      if (entry.first.first != task) return false;
      actions.emplace_back(std::in_place_type<Forget>, Forget{task, entry.first.second});
      return true;
    });
  }
}

void Protocol::on(const wire::ReportReply& reply, Instant, Actions& actions) {
  if (reports_.erase({reply.task, reply.attempt}) > 0) {
    actions.emplace_back(std::in_place_type<Forget>, Forget{reply.task, reply.attempt});
  }
}

void Protocol::on(const wire::Refusal&, Instant, Actions&) {
  // Hello goes out with a tick, so that two sides that disagree do not chase each other.
  welcomed_ = false;
}

void Protocol::hello(Instant now, Actions& actions) {
  hello_sent_ = now;
  actions.emplace_back(std::in_place_type<Send>, say(profile_));
}

void Protocol::heartbeat(Instant now, Actions& actions) {
  heartbeat_sent_ = now;
  wire::Heartbeat beat;
  if (running_ && !running_->dropped) beat.running.push_back(running_->task);
  for (const Lease& lease : waiting_) {
    beat.running.push_back({lease.task, lease.attempt, 0.0, "waiting"});
  }
  for (const auto& [key, report] : reports_) {
    beat.running.push_back({key.first, key.second, 1.0, "reporting"});
  }
  actions.emplace_back(std::in_place_type<Send>, say(std::move(beat)));
}

void Protocol::send_reports(Instant now, bool all, Actions& actions) {
  for (auto& [key, report] : reports_) {
    if (all) report.again = milliseconds(0);
    if (!all && !due(report.sent, now, report.again)) continue;
    report.sent = now;
    report.again = std::clamp(2 * report.again, kReportAgain, kReportAgainAtMost);
    actions.emplace_back(std::in_place_type<Send>, say(report.report));
  }
}

void Protocol::next(Instant now, Actions& actions) {
  if (running_) return;
  if (!waiting_.empty()) {
    Lease lease = std::move(waiting_.front());
    waiting_.pop_front();
    running_ = Running{{lease.task, lease.attempt, 0.0, "starting"}, false};
    actions.emplace_back(std::in_place_type<Start>, Start{std::move(lease)});
  } else if (reports_.size() < kMostUnanswered && due(request_sent_, now, kRequestAgain)) {
    request_sent_ = now;
    actions.emplace_back(std::in_place_type<Send>, say(wire::LeaseRequest{}));
  }
}

}  // namespace pare::worker
