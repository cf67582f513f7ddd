// One leased task from its document to the outcome that is reported.
//
// Fetches the blobs, runs `pare-engine run` on them under limits, publishes the artifacts. Whatever
// goes wrong is a failure outcome with a reason.  What this machine or the coordinator did (no
// room, a blob that cannot be had or sent, no engine) is `resource_exhausted` or `unavailable`, and
// the task waits; a crash, or an exception of our own, is `internal` and burns an attempt of its
// candidate (core/blame.h).  Blocks, from its own thread; the scratch folder of the task is gone
// afterwards.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/lease.h"
#include "core/worker.h"
#include "worker/artifacts/cache.h"
#include "worker/task/pause.h"

namespace pare::worker {

struct TaskSettings {
  std::filesystem::path engine;     // pare-engine
  std::filesystem::path trainer{};  // pare-train; empty: this worker does not train
  std::filesystem::path scratch;    // each task has a folder in it
  std::filesystem::path kept{};     // for what runtimes keep of candidates; empty: nowhere
  std::map<std::string, std::vector<std::string>> runtimes;  // those that answered hello
  std::vector<int> cores;                                    // empty: any
  std::int64_t max_memory_bytes = 0;                         // 0: no limit
  // Without a sign of life from pare-engine (task/supervisor.h).
  std::chrono::milliseconds standstill{std::chrono::minutes(1)};
  std::chrono::milliseconds checkpoint_every{std::chrono::seconds(15)};  // at the oftenest
};

using OnProgress = std::function<void(double progress, const std::string& message)>;

// What a task says while it runs, each from any thread.
struct TaskListener {
  OnProgress progress;
  std::function<void(const SeriesPoint& point)> point = [](const SeriesPoint&) {};
  std::function<void(const Checkpoint& checkpoint)> checkpoint = [](const Checkpoint&) {};
};

// The outcome as JSON (docs/tasks.md), or nothing if the stop came.  Stands still while `pause`
// wants it.
std::optional<std::string> run_task(const Lease& lease, const TaskSettings& settings, Cache& cache,
                                    const std::stop_token& stop, Pause& pause,
                                    const TaskListener& listener);

}  // namespace pare::worker
