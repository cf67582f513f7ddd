// Runs a program that may crash, hang or eat the machine, and always comes back.
//
// The child has a process group of its own; whatever happens, nothing of the group is left when
// supervise() returns.  Blocks; call it from a thread that lives at least as long (host/child.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "core/result.h"
#include "host/child.h"
#include "worker/task/pause.h"

namespace pare::worker {

struct SuperviseOptions {
  host::ChildOptions child;
  std::chrono::milliseconds time_limit{0};  // from its start; no time counts that it stood still
  std::int64_t max_memory_bytes = 0;        // resident, with its descendants; 0: no limit
  // Without output and without a tick of processor time, its descendants' neither; 0: no limit.
  // Counted in looks at it, not by the clock: a machine that slept is no child that stood still.
  std::chrono::milliseconds standstill{std::chrono::minutes(1)};
  // It stands still while that wants it, with all that it started; null: nobody wants it to.
  Pause* pause = nullptr;
};

struct ChildEnd {
  host::ExitStatus status;
  std::string log;  // the end of its stderr
};

// `on_line` gets each line of stdout; lines over 64 KiB are cut.  nullopt: the stop came, and the
// child was killed.  Fails with kDeadlineExceeded (time, or it stood still), kUnavailable (somebody
// stopped it with a signal), kUnsupported (memory), or as Child::start() does.
Result<std::optional<ChildEnd>> supervise(const SuperviseOptions& options,
                                          const std::stop_token& stop,
                                          const std::function<void(const std::string&)>& on_line);

}  // namespace pare::worker
