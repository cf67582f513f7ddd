// The worker: the thread that owns the socket, and one thread for the task it runs.
//
// The owner never waits for the task, a download or the coordinator: heartbeats go on whatever
// they do.  What is said when is link/protocol.h; what a task is, task/run_task.h.
#pragma once

#include <string>
#include <thread>
#include <vector>

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
  Agent(std::string session, WorkerProfile profile, TaskSettings settings, Link link, Outbox outbox,
        Cache cache);
  ~Agent();  // kills the task, if one runs

  // Works until `signals` (a signalfd) becomes readable; says goodbye then.
  void run(int signals);

 private:
  void act(Actions actions);
  void act(const Send& send);
  void act(const Start& start);
  void act(const Kill& kill);
  void act(const Forget& forget);
  void act(const Reconnect& reconnect);
  void read_messages();
  void read_news();

  TaskSettings settings_;
  Link link_;
  Outbox outbox_;
  Cache cache_;
  Protocol protocol_;
  Mailbox mailbox_;
  Lease lease_;  // of the task that runs
  std::jthread task_;
};

}  // namespace pare::worker
