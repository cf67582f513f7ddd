// What a worker says of itself and of the task it runs.
#pragma once

#include <string>
#include <vector>

#include "core/ids.h"

namespace pare {

struct RuntimeInfo {
  std::string name;
  std::string version;
  std::vector<std::string> precisions;
  friend bool operator==(const RuntimeInfo&, const RuntimeInfo&) = default;
};

struct WorkerProfile {
  std::string name;         // for people to read
  std::string device_id;    // the machine-id: workers on one machine share it
  std::string device_json;  // the probe: CPU, cores, memory, governor, ...
  std::vector<std::string> pools;
  std::vector<RuntimeInfo> runtimes;
  friend bool operator==(const WorkerProfile&, const WorkerProfile&) = default;
};

// One line of a heartbeat.
struct RunningTask {
  TaskId task;
  int attempt = 0;
  double progress = 0.0;  // in [0, 1]
  std::string message;
  friend bool operator==(const RunningTask&, const RunningTask&) = default;
};

}  // namespace pare
