#include "coordinator/sweep/sweep.h"

#include <condition_variable>
#include <exception>
#include <mutex>

namespace pare::coordinator {

Result<int> sweep_checkpoints(Store& store, const BlobStore& blobs, std::chrono::seconds kept,
                              int limit) {
  const auto old = store.old_checkpoints(kept, limit);
  if (!old) return old.error();
  int gone = 0;
  for (const std::string& sha256 : old.value()) {
    const auto removed = blobs.remove(sha256);
    if (!removed) return removed.error();
    const auto forgotten = store.forget_checkpoint(sha256);
    if (!forgotten) return forgotten.error();
    gone += removed.value() ? 1 : 0;
  }
  return gone;
}

void keep_sweeping(Store& store, const BlobStore& blobs, std::chrono::seconds every,
                   const std::function<void(const std::string&)>& log,
                   const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any over;
  while (!stop.stop_requested()) {
    try {
      const auto gone = sweep_checkpoints(store, blobs);
      if (!gone) log("old checkpoints stay: " + gone.error().message);
      if (gone && gone.value() > 0) {
        log(std::to_string(gone.value()) + " old checkpoints are removed");
      }
    } catch (const std::exception& thrown) {
      log(std::string("old checkpoints stay: ") + thrown.what());
    }
    std::unique_lock lock(mutex);
    over.wait_for(lock, stop, every, [] { return false; });
  }
}

}  // namespace pare::coordinator
