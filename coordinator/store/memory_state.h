// What the queue in memory keeps.  Seen by it alone.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "coordinator/store/memory_queue.h"

namespace pare::coordinator {

struct StoredTask {
  Task task;
  TimePoint lease_until{};
  std::set<int> reported;  // the attempts that ended with a report
  struct Loss {
    std::string session;
    TimePoint at{};
  };
  std::vector<Loss> losses;  // workers that went silent with it
  bool given_up = false;     // the lease of the newest attempt was lost or given back
  int suspension = 0;        // the newest wish
  int checkpoint_attempt = 0;
  std::map<std::pair<int, std::int64_t>, StoredPoint> points;  // by attempt and step
};

struct StoredWorker {
  Worker worker;
  bool lost = false;
};

struct MemoryState {
  std::map<TaskId, StoredTask> tasks;
  std::map<std::string, StoredWorker> workers;
  std::optional<Leader> leader;
};

}  // namespace pare::coordinator
