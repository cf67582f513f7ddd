// The worker: the thread that owns the socket, and a thread for each task it holds: one that runs,
// and those that stand still.
//
// The owner never waits for the task, a download or the coordinator: heartbeats go on whatever
// they do.  What is said when is link/protocol.h; what a task is, task/run_task.h.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "core/result.h"
#include "core/worker.h"
#include "worker/agent/mailbox.h"
#include "worker/artifacts/cache.h"
#include "worker/link/link.h"
#include "worker/link/outbox.h"
#include "worker/link/protocol.h"
#include "worker/task/run_task.h"

namespace pare::worker {

class Agent {
 public:
  // `session_file`: where the session is kept for the next start of this worker, once the
  // coordinator knows it; who was never known held nothing.
  Agent(std::string session, WorkerProfile profile, TaskSettings settings, Link link, Outbox outbox,
        Cache cache, std::filesystem::path session_file);
  ~Agent();  // kills the tasks that it holds

  // Works until `signals` (a signalfd) becomes readable; says goodbye then.
  void run(int signals);

 private:
  void act(Actions actions);
  void act(const Send& send);
  void act(const Start& start);
  void act(const Kill& kill);
  void act(const Suspend& suspend);
  void act(const Forget& forget);
  void act(const Reconnect& reconnect);
  void read_messages();
  void read_news();
  void hear(Protocol::Key key, TaskNews news);
  void note_session() const;

  TaskSettings settings_;
  Link link_;
  Outbox outbox_;
  Cache cache_;
  Protocol protocol_;
  Mailbox mailbox_;
  // A task that was started and has not ended.
  struct Slot {
    Slot(Lease leased, std::function<void(int)> on_done)
        : lease(std::move(leased)), pause(std::move(on_done)) {}
    Lease lease;
    Pause pause;
    std::jthread thread;  // last: it uses the rest
  };

  std::string session_;
  std::filesystem::path session_file_;
  std::map<Protocol::Key, std::unique_ptr<Slot>> slots_;  // last: their threads use the rest
};

}  // namespace pare::worker
