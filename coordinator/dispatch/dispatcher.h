// The coordinator's end of the link to the workers: one thread on a ZeroMQ ROUTER socket, and one
// that talks to the store.
//
// Answers hellos, hands out leases, extends them by heartbeats, records reports, and notices
// within 6 s that a worker is gone.  The socket's thread never waits for the store: heartbeats are
// answered from memory whatever the database does, and what the store has to do piles up and is
// done by the many.  While it is away nobody loses a lease, and no report is lost.  Keeps nothing
// that matters: after a restart workers are told to say hello again, and go on with what they run.
//
// With keys only workers that are known connect (link_guard.h), and what one says of a session that
// another one speaks for is not heard.
//
// `on_change` is called from the store's thread after an outcome was recorded or a lease was lost;
// it must be quick and must not call the dispatcher.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "coordinator/dispatch/link_guard.h"
#include "coordinator/store/task_store.h"
#include "core/result.h"

namespace pare::coordinator {

struct DispatchOptions {
  std::string endpoint = "tcp://127.0.0.1:7071";  // port * or 0: the system chooses
  std::chrono::milliseconds heartbeat{1000};      // what workers are told
  std::chrono::milliseconds silence{6000};        // a worker is lost after it; the store's leases
  std::chrono::milliseconds tick{250};            // how often silence is looked at
  std::chrono::milliseconds net{
      5000};  // idle workers ask this often, whether they were woken or not
  std::function<void(const std::string&)> log = {};  // what people should see; empty: nobody does
  std::optional<LinkKeys> keys = {};                 // nullopt: whoever connects is a worker
  WorkerOf worker_of = {};                           // whose keys these are; where there are keys
};

class Dispatcher {
 public:
  // REQUIRES: `store` outlives the dispatcher.
  Dispatcher(TaskStore& store, DispatchOptions options, std::function<void()> on_change);
  ~Dispatcher();  // stops
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // Binds and starts the threads.  Returns the endpoint as bound, with the port that was chosen.
  Result<std::string> start();
  // Ends the threads and closes the socket; a call to the store that is under way is waited for.
  // Idempotent.
  void stop();
  // There may be work for idle workers.  Thread-safe, returns at once.
  void wake();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pare::coordinator
