#include "coordinator/dispatch/protocol.h"

#include <algorithm>
#include <utility>

namespace pare::coordinator {
namespace {

using std::chrono::milliseconds;

// A worker names what it was given in its next heartbeat; until then the lease is on its way.
constexpr milliseconds kOfferAgain{1500};
// Ticks further apart mean that this process stood still.
constexpr milliseconds kStoodStill{1500};

Actions refuse(const std::string& route, std::string reason) {
  return {Send{route, wire::Refusal{std::move(reason)}}};
}

void add(Actions& actions, Actions more) {
  for (Action& action : more) actions.push_back(std::move(action));
}

bool is(const Lease& lease, TaskId task, int attempt) {
  return lease.task == task && lease.attempt == attempt;
}

}  // namespace

void keep_points(const SessionBeat& earlier, SessionBeat& newest) {
  for (RunningTask& task : newest.running) {
    const auto at = std::ranges::find_if(earlier.running, [&](const RunningTask& before) {
      return before.task == task.task && before.attempt == task.attempt;
    });
    if (at == earlier.running.end()) continue;
    std::vector<SeriesPoint> points = at->points;
    std::ranges::move(task.points, std::back_inserter(points));
    const std::ptrdiff_t most = kMostPointsAtOnce;  // the newest: a series has no end here
    if (std::ssize(points) > most) points.erase(points.begin(), points.end() - most);
    task.points = std::move(points);
  }
}

Actions Protocol::received(const std::string& route, const Result<wire::FromWorker>& message,
                           Instant now) {
  if (!message) return refuse(route, message.error().message);
  const std::string& session = message.value().session;
  const auto& body = message.value().body;
  if (const auto* hello = std::get_if<wire::Hello>(&body)) return {Greet{session, route, *hello}};
  const auto at = peers_.find(session);
  if (at == peers_.end()) return refuse(route, "session " + session + " is not known: say hello");
  at->second.route = route;
  at->second.heard = now;
  at->second.spoke = true;
  return std::visit(
      [&](const auto& said) -> Actions {
        if constexpr (std::is_same_v<std::decay_t<decltype(said)>, wire::Hello>) {
          return {};
        } else {
          return on(at, said, now);
        }
      },
      body);
}

Actions Protocol::on(Peers::iterator peer, const wire::LeaseRequest&, Instant now) {
  if (peer->second.offer) return offer_again(peer->second, now);
  if (peer->second.idle) return {};  // it is remembered
  peer->second.idle = true;
  return ask(*peer);
}

Actions Protocol::on(Peers::iterator at, const wire::Heartbeat& heartbeat, Instant now) {
  Peer& peer = at->second;
  SessionBeat newest{at->first, heartbeat.running};
  keep_points({at->first, std::move(peer.running)}, newest);
  peer.running = std::move(newest.running);
  Actions actions{Send{peer.route, wire::HeartbeatReply{}}};
  if (!peer.offer) return actions;
  const bool named = std::ranges::any_of(heartbeat.running, [&](const RunningTask& task) {
    return is(peer.offer->lease, task.task, task.attempt);
  });
  if (named) {
    peer.offer.reset();
  } else {
    add(actions, offer_again(peer, now));
  }
  return actions;
}

Actions Protocol::on(Peers::iterator at, const wire::TaskReport& report, Instant) {
  Peer& peer = at->second;
  if (peer.offer && is(peer.offer->lease, report.task, report.attempt)) peer.offer.reset();
  return {Record{at->first, report}};
}

Actions Protocol::on(Peers::iterator peer, const wire::Goodbye&, Instant) {
  Actions actions{Retire{peer->first, Departure::kGoodbye}};
  peers_.erase(peer);
  return actions;
}

Actions Protocol::offer_again(Peer& peer, Instant now) {
  if (now - peer.offer->sent < kOfferAgain) return {};
  peer.offer->sent = now;
  return {Send{peer.route, peer.offer->lease}};
}

Actions Protocol::ask(Peers::value_type& peer) {
  if (!peer.second.idle || peer.second.asked) return {};
  peer.second.asked = true;
  return {Claim{peer.first}};
}

Actions Protocol::tick(Instant now) {
  const auto still = ticked_ ? now - *ticked_ : Instant::duration{};
  ticked_ = now;
  Actions actions;
  for (auto at = peers_.begin(); at != peers_.end();) {
    Instant& heard = at->second.heard;
    if (still > kStoodStill) heard = std::min(heard + still, now);
    if (now - heard <= silence_) {
      ++at;
      continue;
    }
    actions.emplace_back(Retire{at->first, Departure::kSilence});
    at = peers_.erase(at);
  }
  return actions;
}

Actions Protocol::ask_for_idle() {
  Actions actions;
  for (auto& peer : peers_) add(actions, ask(peer));
  return actions;
}

std::vector<SessionBeat> Protocol::beats() {
  std::vector<SessionBeat> beats;
  for (auto& [session, peer] : peers_) {
    if (!std::exchange(peer.spoke, false)) continue;
    beats.push_back({session, peer.running});
    for (RunningTask& task : peer.running) task.points.clear();  // they are handed on once
    if (!peer.offer) continue;
    const Lease& offered = peer.offer->lease;
    beats.back().running.push_back({offered.task, offered.attempt, 0.0, ""});
  }
  return beats;
}

Actions Protocol::greeted(const Greet& asked, const Result<bool>& answer, Instant now) {
  if (!answer) return refuse(asked.route, answer.error().message);
  Peer& peer = peers_[asked.session];
  peer.route = asked.route;
  peer.device_id = asked.profile.device_id;
  peer.heard = now;
  peer.idle = false;
  return {Send{asked.route, wire::Welcome{static_cast<int>(heartbeat_.count())}}};
}

Actions Protocol::claimed(std::span<const std::string> asked, const Result<Claims>& answer,
                          Instant now) {
  for (const std::string& session : asked) {
    const auto at = peers_.find(session);
    if (at != peers_.end()) at->second.asked = false;
  }
  if (!answer) return {};  // they stay idle and are asked for again
  Actions actions;
  for (const auto& [session, lease] : answer.value().leases) {
    const auto at = peers_.find(session);
    if (at == peers_.end()) continue;  // given up meanwhile: that gives the task back, too
    Peer& peer = at->second;
    peer.idle = false;
    peer.spoke = true;  // the store hears of the lease in its next beats
    peer.offer = Offer{lease, now};
    peer.last = Lease{lease.task, lease.attempt, "", lease.time_limit};
    actions.emplace_back(Send{peer.route, lease});
  }
  for (const std::string& session : answer.value().unknown) {
    add(actions, forget(session, "the session is not known"));
  }
  return actions;
}

Actions Protocol::seen(const BeatsSeen& answer) {
  std::map<std::string, wire::HeartbeatReply> replies;
  for (const LostTask& lost : answer.lost) {
    const auto at = peers_.find(lost.session);
    if (at == peers_.end()) continue;
    Peer& peer = at->second;
    // A reply names no attempt: it must not end the next attempt of the same task.
    if (peer.last && peer.last->task == lost.task && peer.last->attempt > lost.attempt) continue;
    if (peer.offer && is(peer.offer->lease, lost.task, lost.attempt)) peer.offer.reset();
    std::erase_if(peer.running, [&](const RunningTask& task) {
      return task.task == lost.task && task.attempt == lost.attempt;
    });
    replies[lost.session].drop.push_back(lost.task);
  }
  for (const Wish& wish : answer.wishes) {
    if (!peers_.contains(wish.session)) continue;
    replies[wish.session].suspensions.push_back({wish.task, wish.attempt, wish.suspension});
  }
  Actions actions;
  for (auto& [session, reply] : replies) {
    actions.emplace_back(Send{peers_.at(session).route, std::move(reply)});
  }
  for (const std::string& session : answer.unknown) {
    add(actions, forget(session, "the session is not known"));
  }
  return actions;
}

Actions Protocol::recorded(const Record& asked, ReportVerdict verdict) {
  const auto at = peers_.find(asked.session);
  if (at == peers_.end()) return {};
  const wire::TaskReport& report = asked.report;
  std::erase_if(at->second.running, [&](const RunningTask& task) {
    return task.task == report.task && task.attempt == report.attempt;
  });
  Actions actions{Send{at->second.route, wire::ReportReply{report.task, report.attempt, verdict}}};
  // The device may be free now for one that waits there.
  for (auto& peer : peers_) {
    if (peer.second.idle && peer.second.device_id == at->second.device_id) {
      add(actions, ask(peer));
    }
  }
  return actions;
}

Actions Protocol::forget(const std::string& session, const std::string& reason) {
  const auto at = peers_.find(session);
  if (at == peers_.end()) return {};
  Actions actions{Send{at->second.route, wire::Refusal{reason + ": say hello"}}};
  peers_.erase(at);
  return actions;
}

}  // namespace pare::coordinator
