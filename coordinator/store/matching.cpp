#include "coordinator/store/matching.h"

#include <algorithm>
#include <deque>
#include <tuple>

namespace pare::coordinator {
namespace {

bool holds(const std::vector<std::string>& names, const std::string& wanted) {
  return wanted.empty() || std::ranges::find(names, wanted) != names.end();
}

// Tasks that ask the same of a worker, the oldest first.
struct Queue {
  bool exclusive;
  std::string pool, runtime, processor, capability;
  std::deque<TaskId> tasks;
};

std::vector<Queue> queues_of(std::span<const WaitingTask> waiting) {
  std::vector<Queue> queues;
  using Asked = std::tuple<bool, std::string, std::string, std::string, std::string>;
  std::map<Asked, std::size_t> places;
  for (const WaitingTask& task : waiting) {
    const auto [at, added] = places.try_emplace(
        {task.exclusive, task.pool, task.runtime, task.processor, task.capability}, queues.size());
    if (added) {
      queues.push_back(
          {task.exclusive, task.pool, task.runtime, task.processor, task.capability, {}});
    }
    queues[at->second].tasks.push_back(task.id);
  }
  return queues;
}

class Matcher {
 public:
  Matcher(std::span<const Claimant> claimants, std::map<std::string, DeviceLoad> loads,
          std::span<const WaitingTask> waiting)
      : claimants_(claimants), loads_(std::move(loads)), queues_(queues_of(waiting)) {
    for (const Claimant& worker : claimants) on_device_[worker.device_id].push_back(&worker);
  }

  std::set<std::string> wanted_alone() const {
    std::set<std::string> devices;
    for (const auto& [device, workers] : on_device_) {
      const auto at = loads_.find(device);
      const DeviceLoad load = at == loads_.end() ? DeviceLoad{} : at->second;
      if (load.alone || (!load.stays && drains(device))) devices.insert(device);
    }
    return devices;
  }

  std::vector<Match> run() {
    std::vector<Match> matches;
    for (std::size_t i = 0; i < claimants_.size(); ++i) {
      if (!claimants_[i].asks) continue;
      Queue* queue = queue_for(claimants_[i]);
      if (queue == nullptr) continue;
      matches.push_back({i, queue->tasks.front()});
      queue->tasks.pop_front();
      loads_[claimants_[i].device_id] = {true, queue->exclusive, true};
    }
    return matches;
  }

 private:
  static bool may_do(const Claimant& worker, const Queue& queue) {
    return serves(worker, queue.pool, queue.runtime, queue.processor, queue.capability);
  }

  bool drains(const std::string& device) const {
    return std::ranges::any_of(queues_, [&](const Queue& queue) {
      if (!queue.exclusive || queue.tasks.empty()) return false;
      return std::ranges::any_of(on_device_.at(device),
                                 [&](const Claimant* worker) { return may_do(*worker, queue); });
    });
  }

  // The one with the oldest task that this worker may do now; null: none.
  Queue* queue_for(const Claimant& worker) {
    const DeviceLoad load = loads_[worker.device_id];
    if (load.alone) return nullptr;
    const bool exclusive = drains(worker.device_id);
    if (exclusive ? load.busy : worker.stands_still) return nullptr;
    Queue* oldest = nullptr;
    for (Queue& queue : queues_) {
      if (queue.exclusive != exclusive || queue.tasks.empty()) continue;
      if (!may_do(worker, queue)) continue;
      if (oldest == nullptr || queue.tasks.front() < oldest->tasks.front()) oldest = &queue;
    }
    return oldest;
  }

  std::span<const Claimant> claimants_;
  std::map<std::string, DeviceLoad> loads_;
  std::vector<Queue> queues_;
  std::map<std::string, std::vector<const Claimant*>> on_device_;
};

}  // namespace

bool serves(const Claimant& worker, const std::string& pool, const std::string& runtime,
            const std::string& processor, const std::string& capability) {
  return holds(worker.pools, pool) && holds(worker.runtimes, runtime) &&
         holds(worker.capabilities, capability) &&
         (processor.empty() || processor == worker.processor);
}

std::set<std::string> wanted_alone(std::span<const Claimant> claimants,
                                   const std::map<std::string, DeviceLoad>& loads,
                                   std::span<const WaitingTask> waiting) {
  return Matcher(claimants, loads, waiting).wanted_alone();
}

std::vector<Match> match(std::span<const Claimant> claimants,
                         std::map<std::string, DeviceLoad> loads,
                         std::span<const WaitingTask> waiting) {
  return Matcher(claimants, std::move(loads), waiting).run();
}

}  // namespace pare::coordinator
