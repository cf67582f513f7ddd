// What a worker says and when, as a pure state machine: no socket, no clock, no thread.
//
// It is told what happened and answers with what to do.  Its promises, whatever the network does:
//  - hello until welcomed, and again after a refusal or five seconds of silence;
//  - a heartbeat every interval that names all it holds, whatever the child does;
//  - one task at a time, beside those that stand still; a lease that crosses with another waits for
//    its turn;
//  - a dropped task is killed and never reported;
//  - a report is sent again and again until it is answered, each time after twice as long;
//  - while several reports are unanswered nothing new is asked for: who cannot take them cannot
//    take more.
//
// Not thread-safe.  The wire is docs and rules of wire/proto/worker.proto.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "wire/worker_messages.h"

namespace pare::worker {

using Instant = std::chrono::steady_clock::time_point;

struct Send {
  wire::FromWorker message;
};
struct Start {  // the task; ended() must follow
  Lease lease;
};
struct Kill {  // a task that was started; ended() must follow
  TaskId task;
  int attempt = 0;
};
struct Suspend {  // a task that was started stands still, or goes on; suspended() follows
  TaskId task;
  int attempt = 0;
  int suspension = 0;  // core/worker.h
};
struct Forget {  // the report: it was answered
  TaskId task;
  int attempt = 0;
};
struct Reconnect {};  // the socket, before the messages that follow
using Action = std::variant<Send, Start, Kill, Suspend, Forget, Reconnect>;
using Actions = std::vector<Action>;

class Protocol {
 public:
  using Key = std::pair<TaskId, int>;  // task, attempt

  // `unanswered`: reports left by an earlier process.
  Protocol(std::string session, WorkerProfile profile, std::vector<wire::TaskReport> unanswered);

  // Call it a few times a second.
  Actions tick(Instant now);
  Actions received(const wire::ToWorker& message, Instant now);
  // What a started task says; of one that is over it changes nothing.
  void progressed(Key task, double progress, std::string message);
  void told(Key task, SeriesPoint point);
  void told(Key task, Checkpoint checkpoint);
  Actions suspended(Key task, int suspension, Instant now);
  // A started task is over; with a report unless it was killed.  The report is on disk already.
  Actions ended(Key task, std::optional<wire::TaskReport> report, Instant now);
  Actions stopping() const;  // goodbye

  bool welcomed() const noexcept { return welcomed_; }

 private:
  struct Report {
    wire::TaskReport report;
    std::optional<Instant> sent{};
    std::chrono::milliseconds again{0};  // after sent
  };
  struct Running {
    RunningTask task;
    bool dropped = false;
    int wanted = 0;  // the newest wish
  };

  void on(const wire::Welcome& welcome, Instant now, Actions& actions);
  void on(const Lease& lease, Instant now, Actions& actions);
  void on(const wire::HeartbeatReply& reply, Instant now, Actions& actions);
  void on(const wire::ReportReply& reply, Instant now, Actions& actions);
  void on(const wire::Refusal& refusal, Instant now, Actions& actions);

  Send say(decltype(wire::FromWorker::body) body) const { return {{session_, std::move(body)}}; }
  void hello(Instant now, Actions& actions);
  void heartbeat(Instant now, Actions& actions);
  void send_reports(Instant now, bool all, Actions& actions);
  bool busy() const;
  void next(Instant now, Actions& actions);

  std::string session_;
  WorkerProfile profile_;
  bool welcomed_ = false;
  std::chrono::milliseconds interval_{1000};
  std::optional<Instant> heard_, hello_sent_, heartbeat_sent_, request_sent_;
  std::map<Key, Running> running_;
  std::deque<Lease> waiting_;
  std::map<Key, Report> reports_;
};

}  // namespace pare::worker
