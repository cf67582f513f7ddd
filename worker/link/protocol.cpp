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

void Protocol::progressed(Key task, double progress, std::string message) {
  const auto at = running_.find(task);
  if (at == running_.end()) return;
  at->second.task.progress = std::clamp(progress, 0.0, 1.0);
  at->second.task.message = std::move(message);
}

void Protocol::told(Key task, SeriesPoint point) {
  const auto at = running_.find(task);
  if (at == running_.end()) return;
  std::vector<SeriesPoint>& points = at->second.task.points;
  points.push_back(std::move(point));
  if (points.size() <= kMostPointsAtOnce) return;
  // Too many for one heartbeat: every second one says as much.
  for (std::size_t i = 0; 2 * i < points.size(); ++i) {
    if (i > 0) points[i] = std::move(points[2 * i]);
  }
  points.resize((points.size() + 1) / 2);
}

void Protocol::told(Key task, Checkpoint checkpoint) {
  const auto at = running_.find(task);
  if (at != running_.end()) at->second.task.checkpoint = std::move(checkpoint);
}

Actions Protocol::suspended(Key task, int suspension, Instant now) {
  Actions actions;
  const auto at = running_.find(task);
  if (at == running_.end() || at->second.task.suspension >= suspension) return actions;
  at->second.task.suspension = suspension;
  request_sent_.reset();
  if (!welcomed_) return actions;
  heartbeat(now, actions);  // somebody waits for it
  next(now, actions);
  return actions;
}

Actions Protocol::ended(Key task, std::optional<wire::TaskReport> report, Instant now) {
  Actions actions;
  const auto at = running_.find(task);
  const bool dropped = at != running_.end() && at->second.dropped;
  running_.erase(task);
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
  profile_.replaces.clear();  // the coordinator knows
  interval_ = milliseconds(welcome.heartbeat_ms);
  // Reports before the heartbeat: one that names a task whose report is not in yet keeps its lease,
  // but the lease may be that of an earlier session and then only the report itself counts.
  send_reports(now, true, actions);
  heartbeat(now, actions);
  request_sent_.reset();
  next(now, actions);
}

void Protocol::on(const Lease& lease, Instant now, Actions& actions) {
  const Key key{lease.task, lease.attempt};
  if (running_.contains(key) || reports_.contains(key)) return;
  for (const Lease& other : waiting_) {
    if (Key{other.task, other.attempt} == key) return;
  }
  waiting_.push_back(lease);
  next(now, actions);
}

void Protocol::on(const wire::HeartbeatReply& reply, Instant, Actions& actions) {
  for (const TaskId task : reply.drop) {
    for (auto& [key, running] : running_) {
      if (key.first != task || std::exchange(running.dropped, true)) continue;
      actions.emplace_back(std::in_place_type<Kill>, Kill{key.first, key.second});
    }
    std::erase_if(waiting_, [&](const Lease& lease) { return lease.task == task; });
    std::erase_if(reports_, [&](const auto& entry) {
      if (entry.first.first != task) return false;
      actions.emplace_back(std::in_place_type<Forget>, Forget{task, entry.first.second});
      return true;
    });
  }
  for (const wire::SuspensionWish& wish : reply.suspensions) {
    const auto at = running_.find({wish.task, wish.attempt});
    if (at == running_.end() || at->second.wanted >= wish.suspension) continue;
    at->second.wanted = wish.suspension;
    actions.emplace_back(std::in_place_type<Suspend>,
                         Suspend{wish.task, wish.attempt, wish.suspension});
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
  WorkerProfile profile = profile_;
  for (const auto& [key, report] : reports_) profile.reporting.push_back({key.first, key.second});
  actions.emplace_back(std::in_place_type<Send>, say(std::move(profile)));
}

void Protocol::heartbeat(Instant now, Actions& actions) {
  heartbeat_sent_ = now;
  wire::Heartbeat beat;
  for (auto& [key, running] : running_) {
    if (running.dropped) continue;
    beat.running.push_back(running.task);
    running.task.points.clear();  // a series has no need of every one
  }
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

// What stands still leaves room for one more.
bool Protocol::busy() const {
  return std::ranges::any_of(
      running_, [](const auto& entry) { return !stands_still(entry.second.task.suspension); });
}

void Protocol::next(Instant now, Actions& actions) {
  if (busy()) return;
  if (!waiting_.empty()) {
    Lease lease = std::move(waiting_.front());
    waiting_.pop_front();
    running_[{lease.task, lease.attempt}].task = {lease.task, lease.attempt, 0.0, "starting"};
    actions.emplace_back(std::in_place_type<Start>, Start{std::move(lease)});
  } else if (reports_.size() < kMostUnanswered && due(request_sent_, now, kRequestAgain)) {
    request_sent_ = now;
    actions.emplace_back(std::in_place_type<Send>, say(wire::LeaseRequest{}));
  }
}

}  // namespace pare::worker
