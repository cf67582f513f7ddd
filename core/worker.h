// What a worker says of itself and of the task it runs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/ids.h"
#include "core/lease.h"

namespace pare {

struct RuntimeInfo {
  std::string name;
  std::string version;
  std::vector<std::string> precisions;
  friend bool operator==(const RuntimeInfo&, const RuntimeInfo&) = default;
};

// One attempt of a task.
struct AttemptName {
  TaskId task;
  int attempt = 0;
  friend bool operator==(const AttemptName&, const AttemptName&) = default;
};

struct WorkerProfile {
  std::string name;         // for people to read
  std::string device_id;    // the machine-id: workers on one machine share it
  std::string device_json;  // the probe: CPU, cores, memory, governor, ...
  std::vector<std::string> pools;
  std::vector<RuntimeInfo> runtimes;
  // The session of the process that was here before, which is gone for certain; empty: none was.
  std::string replaces = {};
  std::vector<AttemptName> reporting = {};  // that process' results, which are about to be reported
  std::vector<std::string> capabilities = {};  // core/task_kind.h
  friend bool operator==(const WorkerProfile&, const WorkerProfile&) = default;
};

// Named numbers of one step of a task: {"loss": 0.3}.
struct SeriesPoint {
  std::int64_t step = 0;
  std::map<std::string, double> values;
  friend bool operator==(const SeriesPoint&, const SeriesPoint&) = default;
};

// Beyond it, a task's points of one heartbeat are thinned out, and names of one point are dropped.
inline constexpr std::size_t kMostPointsAtOnce = 100;
inline constexpr std::size_t kMostNamesOfPoint = 16;

// Whether a task that steps aside stands still: the coordinator counts its wishes up from 0, an odd
// one is to stand still, an even one to go on, and a worker says the last that it carried out.
constexpr bool stands_still(int suspension) noexcept {
  return suspension % 2 == 1;
}

// One line of a heartbeat.
struct RunningTask {
  TaskId task;
  int attempt = 0;
  double progress = 0.0;  // in [0, 1]
  std::string message;
  int suspension = 0;                         // the last wish that was carried out
  std::optional<Checkpoint> checkpoint = {};  // the newest of this attempt, uploaded
  std::vector<SeriesPoint> points = {};       // since the last heartbeat; lost ones are no harm
  friend bool operator==(const RunningTask&, const RunningTask&) = default;
};

}  // namespace pare
