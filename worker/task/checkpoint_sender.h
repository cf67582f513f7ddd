// Hands the checkpoints of a task to the coordinator, beside the task: the newest matters, and what
// came meanwhile is dropped.
//
// One thread of its own, from the constructor to the destructor, which does not wait for an upload.
// It sends nothing while the task is to stand still: a measurement has the device.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "core/lease.h"
#include "worker/artifacts/cache.h"
#include "worker/task/pause.h"

namespace pare::worker {

class CheckpointSender {
 public:
  // `on_sent` is told what was uploaded, from the sender's thread.
  CheckpointSender(Cache& cache, Pause& pause, std::function<void(const Checkpoint&)> on_sent);

  // The file is the sender's from now on: it is removed once it was sent or dropped.
  void offer(std::filesystem::path file, std::int64_t step);

 private:
  struct Offer {
    std::filesystem::path file;
    std::int64_t step = 0;
  };

  void run(const std::stop_token& stop);
  void send(const Offer& offer, const std::stop_token& stop);

  Cache& cache_;
  Pause& pause_;
  std::function<void(const Checkpoint&)> on_sent_;
  std::mutex mutex_;
  std::condition_variable_any offered_;
  std::optional<Offer> newest_;
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace pare::worker
