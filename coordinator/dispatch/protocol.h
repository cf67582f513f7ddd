// What the coordinator answers to its workers, as a pure state machine: no socket, no clock, no
// thread, no database.
//
// It is told what arrived, what time it is and what the store said, and answers with what to do.
// Whatever it asks of the store must be answered by the function named beside it.  It knows which
// sessions are there, over which route, and which of them are idle; the tasks are the store's.
//
// Not thread-safe.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/result.h"
#include "wire/worker_messages.h"

namespace pare::coordinator {

using Instant = std::chrono::steady_clock::time_point;

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
struct Beat {  // answered by beaten()
  std::string session;
  std::vector<RunningTask> running;
};
struct Record {  // answered by recorded()
  std::string session;
  wire::TaskReport report;
};
struct Retire {  // no answer
  std::string session;
};
using Action = std::variant<Send, Greet, Claim, Beat, Record, Retire>;
using Actions = std::vector<Action>;

class Protocol {
 public:
  Protocol(std::chrono::milliseconds heartbeat, std::chrono::milliseconds silence)
      : heartbeat_(heartbeat), silence_(silence) {}

  Actions received(const std::string& route, const Result<wire::FromWorker>& message, Instant now);
  // Who is silent for too long is given up.
  Actions give_up(Instant now);
  // Whoever is idle asks the store again.
  Actions ask_for_idle() const;

  Actions greeted(const Greet& asked, const Result<bool>& answer, Instant now);
  Actions claimed(const Claim& asked, const Result<std::optional<Lease>>& answer);
  Actions beaten(const Beat& asked, const Result<std::vector<TaskId>>& answer);
  Actions recorded(const Record& asked, const Result<ReportVerdict>& answer) const;

  std::size_t sessions() const noexcept { return peers_.size(); }

 private:
  struct Peer {
    std::string route;
    Instant heard{};
    bool idle = false;
  };

  // The session is not known to the store: it has to say hello again.
  Actions forget(const std::string& session, const std::string& reason);
  Actions to(const std::string& session, wire::ToWorker message) const;

  std::chrono::milliseconds heartbeat_;
  std::chrono::milliseconds silence_;
  std::map<std::string, Peer> peers_;  // by session
};

}  // namespace pare::coordinator
