// What the coordinator answers to its workers, as a pure state machine: no socket, no clock, no
// thread, no database.
//
// It is told what arrived, what time it is and, later, what the store said, and answers with what
// to do.  Whoever lives is known here, so heartbeats are answered at once, whether the store is
// there or not; what they say is collected by beats() for the store.  A lease is offered again
// until the worker names it, so that one lost on its way costs a second and no attempt.  Time in
// which the coordinator itself stood still is nobody's silence.
//
// Not thread-safe.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "coordinator/store/task_store.h"
#include "core/result.h"
#include "wire/worker_messages.h"

namespace pare::coordinator {

using Instant = std::chrono::steady_clock::time_point;

// Points of an earlier heartbeat that nobody read are no loss to the newest one, up to a bound.
void keep_points(const SessionBeat& earlier, SessionBeat& newest);

struct Send {
  std::string route;  // ROUTER's name for a connection
  wire::ToWorker message;
};
struct Greet {  // answered by greeted()
  std::string session;
  std::string route;
  WorkerProfile profile;
};
struct Claim {  // answered by claimed()
  std::string session;
};
struct Record {  // answered by recorded()
  std::string session;
  wire::TaskReport report;
};
struct Retire {  // no answer
  std::string session;
  Departure departure = Departure::kSilence;
};
using Action = std::variant<Send, Greet, Claim, Record, Retire>;
using Actions = std::vector<Action>;

class Protocol {
 public:
  Protocol(std::chrono::milliseconds heartbeat, std::chrono::milliseconds silence)
      : heartbeat_(heartbeat), silence_(silence) {}

  Actions received(const std::string& route, const Result<wire::FromWorker>& message, Instant now);
  // Call it a few times a second: who is silent for too long is given up.
  Actions tick(Instant now);
  // Whoever is idle and is not being asked for yet.
  Actions ask_for_idle();
  // What those who spoke since the last call live for.
  std::vector<SessionBeat> beats();

  Actions greeted(const Greet& asked, const Result<bool>& answer, Instant now);
  Actions claimed(std::span<const std::string> asked, const Result<Claims>& answer, Instant now);
  Actions seen(const BeatsSeen& answer);
  Actions recorded(const Record& asked, ReportVerdict verdict);

  std::size_t sessions() const noexcept { return peers_.size(); }

 private:
  struct Offer {
    Lease lease;
    Instant sent{};
  };
  struct Peer {
    std::string route;
    std::string device_id;
    Instant heard{};
    bool idle = false;                 // wants a task
    bool asked = false;                // and the store is being asked for one
    bool spoke = false;                // since beats() was called last
    std::vector<RunningTask> running;  // as it said last
    std::optional<Offer> offer;        // a lease that it did not name yet
    std::optional<Lease> last;         // the newest lease it was given, without the document
  };
  using Peers = std::map<std::string, Peer>;  // by session

  Actions on(Peers::iterator peer, const wire::LeaseRequest& request, Instant now);
  Actions on(Peers::iterator peer, const wire::Heartbeat& heartbeat, Instant now);
  Actions on(Peers::iterator peer, const wire::TaskReport& report, Instant now);
  Actions on(Peers::iterator peer, const wire::Goodbye& goodbye, Instant now);
  static Actions ask(Peers::value_type& peer);
  static Actions offer_again(Peer& peer, Instant now);
  // The session is not known to the store: it has to say hello again.
  Actions forget(const std::string& session, const std::string& reason);

  std::chrono::milliseconds heartbeat_;
  std::chrono::milliseconds silence_;
  std::optional<Instant> ticked_;
  Peers peers_;
};

}  // namespace pare::coordinator
