#include "coordinator/dispatch/protocol.h"

#include <utility>

namespace pare::coordinator {
namespace {

Actions refuse(const std::string& route, std::string reason) {
  return {Send{route, wire::Refusal{std::move(reason)}}};
}

}  // namespace

Actions Protocol::received(const std::string& route, const Result<wire::FromWorker>& message,
                           Instant now) {
  if (!message) return refuse(route, message.error().message);
  const std::string& session = message.value().session;
  const auto& body = message.value().body;
  if (const auto* hello = std::get_if<wire::Hello>(&body)) {
    return {Greet{session, route, *hello}};
  }
  const auto at = peers_.find(session);
  if (at == peers_.end()) return refuse(route, "session " + session + " is not known: say hello");
  at->second.route = route;
  at->second.heard = now;
  if (std::holds_alternative<wire::LeaseRequest>(body)) {
    at->second.idle = true;
    return {Claim{session}};
  }
  if (const auto* heartbeat = std::get_if<wire::Heartbeat>(&body)) {
    return {Beat{session, heartbeat->running}};
  }
  if (const auto* report = std::get_if<wire::TaskReport>(&body)) return {Record{session, *report}};
  peers_.erase(at);  // goodbye
  return {Retire{session}};
}

Actions Protocol::give_up(Instant now) {
  Actions actions;
  for (auto at = peers_.begin(); at != peers_.end();) {
    if (now - at->second.heard <= silence_) {
      ++at;
      continue;
    }
    actions.emplace_back(Retire{at->first});
    at = peers_.erase(at);
  }
  return actions;
}

Actions Protocol::ask_for_idle() const {
  Actions actions;
  for (const auto& [session, peer] : peers_) {
    if (peer.idle) actions.emplace_back(Claim{session});
  }
  return actions;
}

Actions Protocol::greeted(const Greet& asked, const Result<bool>& answer, Instant now) {
  if (!answer) return refuse(asked.route, answer.error().message);
  peers_[asked.session] = {asked.route, now, false};
  return {Send{asked.route, wire::Welcome{static_cast<int>(heartbeat_.count())}}};
}

Actions Protocol::claimed(const Claim& asked, const Result<std::optional<Lease>>& answer) {
  if (!answer) {
    if (answer.error().code != ErrorCode::kNotFound) return {};  // it stays idle and asks again
    return forget(asked.session, answer.error().message);
  }
  const auto at = peers_.find(asked.session);
  if (!answer.value() || at == peers_.end()) return {};
  at->second.idle = false;
  return to(asked.session, *answer.value());
}

Actions Protocol::beaten(const Beat& asked, const Result<std::vector<TaskId>>& answer) {
  if (!answer && answer.error().code == ErrorCode::kNotFound) {
    return forget(asked.session, answer.error().message);
  }
  // A store that is away is no reason to drop a task.
  return to(asked.session, wire::HeartbeatReply{answer ? answer.value() : std::vector<TaskId>{}});
}

Actions Protocol::recorded(const Record& asked, const Result<ReportVerdict>& answer) const {
  if (!answer) return {};  // the worker sends it again
  return to(asked.session,
            wire::ReportReply{asked.report.task, asked.report.attempt, answer.value()});
}

Actions Protocol::forget(const std::string& session, const std::string& reason) {
  Actions actions = to(session, wire::Refusal{reason + ": say hello"});
  peers_.erase(session);
  return actions;
}

Actions Protocol::to(const std::string& session, wire::ToWorker message) const {
  const auto at = peers_.find(session);
  if (at == peers_.end()) return {};
  return {Send{at->second.route, std::move(message)}};
}

}  // namespace pare::coordinator
